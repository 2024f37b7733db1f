"""Keywords that people text, and join codes."""
