"""The stored forms of conversations, pools, messages and responses."""
