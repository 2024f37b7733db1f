"""Delivery receipts."""
