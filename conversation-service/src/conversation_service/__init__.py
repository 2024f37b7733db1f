"""The memory: decides what happens to every text and keeps all state in Redis."""
