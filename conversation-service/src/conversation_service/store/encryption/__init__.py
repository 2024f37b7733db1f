"""Encryption of stored values, and blind indexes to look them up."""
