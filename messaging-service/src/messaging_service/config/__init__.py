"""The environment of the service."""
