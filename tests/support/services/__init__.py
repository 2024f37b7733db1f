"""Servers that run in the test's own process, or as processes of their own."""
