"""EventService: the events of a pool, as a list and as a stream."""
