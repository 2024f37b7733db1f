"""The state in Redis: its keys, stored forms, encryption and scripts."""
