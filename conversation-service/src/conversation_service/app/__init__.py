"""The process: settings, the pools file, wiring, background loops."""
