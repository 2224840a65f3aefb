"""What answers are broken down and filtered by, one module a family."""
