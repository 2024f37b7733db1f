"""Where the parts listen, and whether they can."""

import socket
from dataclasses import asdict, dataclass

from devstack.errors import StackError

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65_535


class PortsTaken(StackError):
    """Somebody else listens where a part should."""

    def __init__(self, taken: dict[str, int]) -> None:
        """`taken` maps parts to their ports."""
        lines = [
            f"{part} cannot listen on port {port}: it is taken." for part, port in taken.items()
        ]
        hint = (
            "Does Maskline run already? If not, `make run PORT_OFFSET=1000` moves all ports out of "
            "the way."
        )
        super().__init__("\n".join([*lines, hint]))


@dataclass(frozen=True, slots=True)
class Ports:
    """One port on loopback for each part; the defaults are those of `make run`."""

    valkey: int = 6390
    simulator: int = 8090
    messaging_service: int = 50052
    conversation_service: int = 50051
    gateway: int = 8080

    @classmethod
    def moved_by(cls, offset: int) -> "Ports":
        """All default ports, `offset` higher. Raises StackError when one would not exist."""
        moved = {part: port + offset for part, port in asdict(cls()).items()}
        if not all(0 < port <= HIGHEST_PORT for port in moved.values()):
            highest = HIGHEST_PORT - max(asdict(cls()).values())
            raise StackError(f"A port offset must lie between 0 and {highest}.")
        return cls(**moved)

    def by_part(self) -> dict[str, int]:
        """Each part's port, in the order of starting."""
        return asdict(self)


def refuse_taken_ports(ports: dict[str, int]) -> None:
    """Raises PortsTaken, naming every part whose port cannot be had."""
    taken = {part: port for part, port in ports.items() if _is_taken(port)}
    if taken:
        raise PortsTaken(taken)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port that merely cools down after a stop is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
        return False
