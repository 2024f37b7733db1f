"""The names of Redis keys, and how times are stored."""
