"""What people and tests do with the simulator: phones, texts, settings, events."""
