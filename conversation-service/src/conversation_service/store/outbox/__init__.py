"""The outbox, its entries, their settlement, and the dead letters."""
