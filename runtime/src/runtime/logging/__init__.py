"""Structured logs with allow-list redaction."""
