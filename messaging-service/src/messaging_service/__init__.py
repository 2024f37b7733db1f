"""Sends messages through the carrier. The only process that holds carrier credentials."""
