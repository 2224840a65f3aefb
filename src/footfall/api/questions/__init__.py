"""What can be asked: dimensions, metrics and conditions as data, and a question as a tree."""
