"""Ports that nobody listens on."""

import socket
from contextlib import ExitStack

from devstack.ports import LOOPBACK


def free_ports(count: int) -> list[int]:
    """Held all at once, so that none is handed out twice."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
