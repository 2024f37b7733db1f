"""Settings that several services have, and how they are read."""
