"""State in Redis: keys, scripts, what is stored and how it is sealed."""
