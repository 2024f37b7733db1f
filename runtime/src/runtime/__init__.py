"""What every Maskline service needs: settings, logs, gRPC, HTTP, Redis, health and shutdown.

It has no knowledge of conversations, carriers or Redis keys.
"""
