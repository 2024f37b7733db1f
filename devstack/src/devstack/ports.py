"""The services' ports, and a check that they are free."""

import socket
from dataclasses import asdict, dataclass

from devstack.errors import StackError

LOOPBACK = "127.0.0.1"
# From 32768 on Linux gives ports to outgoing connections: one of these could hold a port first.
HIGHEST_PORT = 32_767


class PortsTaken(StackError):
    """Other processes use ports of the services."""

    def __init__(self, taken: dict[str, int]) -> None:
        """`taken` maps services to their ports."""
        lines = [
            f"{service} cannot listen on port {port}: it is taken."
            for service, port in taken.items()
        ]
        hint = "Is Maskline running already? If not, `make run PORT_OFFSET=1000` uses other ports."
        super().__init__("\n".join([*lines, hint]))


@dataclass(frozen=True, slots=True)
class Ports:
    """One port on loopback for each service; the defaults are those of `make run`."""

    valkey: int = 6390
    simulator: int = 8090
    messaging_service: int = 8082
    conversation_service: int = 8081
    gateway: int = 8080

    @classmethod
    def moved_by(cls, offset: int) -> "Ports":
        """All default ports plus `offset`. Raises StackError if one is out of range."""
        moved = {service: port + offset for service, port in asdict(cls()).items()}
        if not all(0 < port <= HIGHEST_PORT for port in moved.values()):
            highest = HIGHEST_PORT - max(asdict(cls()).values())
            raise StackError(f"A port offset must lie between 0 and {highest}.")
        return cls(**moved)

    def by_service(self) -> dict[str, int]:
        """The ports by service, in the order of starting."""
        return asdict(self)


def refuse_taken_ports(ports: dict[str, int]) -> None:
    """Raises PortsTaken with every service whose port is in use."""
    taken = {service: port for service, port in ports.items() if _is_taken(port)}
    if taken:
        raise PortsTaken(taken)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
        return False
