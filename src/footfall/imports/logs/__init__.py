"""Logs of web servers: how they are packed, written, and what they tell."""
