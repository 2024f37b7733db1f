"""Fault injection: the kinds of faults and the list of pending ones."""
