"""What time alone brings about: expiries, on time, and forgetting."""
