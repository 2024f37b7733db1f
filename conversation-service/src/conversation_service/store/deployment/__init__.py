"""What all pools share in Redis, and each pool's usage over time."""
