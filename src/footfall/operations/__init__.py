"""What an operator does around the store: back it up, look at it, keep its customers. Each command is one function."""
