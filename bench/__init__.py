"""Figures: the running stack beside a skeleton of the same hops. `make bench`."""
