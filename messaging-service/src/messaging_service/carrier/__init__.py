"""The carrier's API: what the service asks of a carrier, and Flowroute's implementation."""
