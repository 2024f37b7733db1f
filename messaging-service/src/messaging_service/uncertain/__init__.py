"""Resolving sends that the carrier did not confirm."""
