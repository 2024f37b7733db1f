"""Attachments: fetch, sanitize, store encrypted, serve to the carrier."""
