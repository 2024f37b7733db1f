"""The process: its settings, its pools, everything put together."""
