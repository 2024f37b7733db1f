"""Redis keys and Lua scripts."""
