"""The control API for people and tests: phones, texts, settings, faults and events."""
