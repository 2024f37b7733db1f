"""Sends the outbox of a pool: one lease holder, one FIFO queue per recipient."""
