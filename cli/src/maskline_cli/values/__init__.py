"""Parsing of arguments, and fields of messages as text."""
