"""Tables of the figures."""
