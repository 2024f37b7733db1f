"""Flowroute's HTTP API: Messaging v2.2 and Numbers v2."""
