"""Faults that can be told to happen: which there are, and the list of those still to come."""
