"""Messages, receipts, ids and errors: plain values and rules, no I/O."""
