"""Commands that the service gives itself: expiry, failure notices, endings after an opt-out."""
