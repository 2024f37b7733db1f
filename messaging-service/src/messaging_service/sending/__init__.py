"""Sending messages: order, single flight, attempts, circuit breaker."""
