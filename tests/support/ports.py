"""Free ports for servers that tests start."""

import random
import socket

# Below the ports that systems give to whoever asks for any (32768 on Linux, 49152 elsewhere): such
# a one could be taken by a connection of somebody else before the server listens.
FIRST, LAST = 20_000, 32_000
# So many taken ones in a row are no chance.
ATTEMPTS = 100


def free_port() -> int:
    """A TCP port on loopback that nobody listens on."""
    for port in random.sample(range(FIRST, LAST), ATTEMPTS):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no port between {FIRST} and {LAST} is free")
