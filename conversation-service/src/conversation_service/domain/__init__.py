"""Decisions of the conversation service, without I/O: imports the standard library only."""
