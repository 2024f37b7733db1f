"""Inbound messages: what each keyword does, by where its sender stands."""
