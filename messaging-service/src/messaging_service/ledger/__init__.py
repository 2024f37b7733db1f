"""What is known about each message, stored in Redis."""
