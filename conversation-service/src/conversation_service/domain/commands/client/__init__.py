"""Commands of internal clients about conversations."""
