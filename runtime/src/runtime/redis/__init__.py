"""Redis clients, credentials from files, and Lua scripts."""
