"""Key rotation: brings all stored values under the current state key."""
