"""All tenants as the customers of whoever runs the service: made by the hundred, seen, taken along, gone."""
