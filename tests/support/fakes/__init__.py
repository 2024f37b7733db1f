"""Stand-ins for what surrounds a service."""
