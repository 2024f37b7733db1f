"""Tests of any deployment."""
