"""Rates and budgets that all replicas share."""
