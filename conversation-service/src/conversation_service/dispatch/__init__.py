"""Gets what is owed to the messaging service: one dispatcher a pool, on any replica."""
