"""Loads and commits conversations: the scripts load, commit and purge."""
