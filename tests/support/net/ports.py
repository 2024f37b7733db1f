"""Free ports for servers that tests start."""

import random
import socket

# Below the ephemeral ports (from 32768 on Linux): another connection could take one of those before
# the server listens.
FIRST, LAST = 20_000, 32_000
# This many taken ports in a row are no coincidence.
ATTEMPTS = 100


def free_port() -> int:
    """A TCP port on loopback without a listener."""
    for port in random.sample(range(FIRST, LAST), ATTEMPTS):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no port between {FIRST} and {LAST} is free")
