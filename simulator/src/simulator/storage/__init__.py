"""What the simulator keeps across restarts."""
