"""Use cases: run commands in pools, look things up, follow up on messages."""
