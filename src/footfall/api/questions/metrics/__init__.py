"""What is counted, and what is made of it, one module a family. In the order in which people read them."""
