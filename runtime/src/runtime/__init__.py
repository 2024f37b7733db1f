"""How a Maskline service lives: settings, logs, gRPC, HTTP, Redis, health and shutdown.

It knows nothing of conversations, carriers or keys.
"""
