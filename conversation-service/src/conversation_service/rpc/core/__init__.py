"""Validation, permissions and error statuses of all RPCs."""
