import socket

import pytest

from devstack.errors import StackError
from devstack.ports import Ports, PortsTaken, refuse_taken_ports
from support.net.ports import free_port


def test_an_offset_moves_every_port() -> None:
    moved = Ports.moved_by(1000).by_service()
    assert moved == {service: port + 1000 for service, port in Ports().by_service().items()}


@pytest.mark.parametrize("offset", [-9000, 24_678, 70_000])
def test_an_offset_that_leaves_the_range_of_ports_is_refused(offset: int) -> None:
    with pytest.raises(StackError, match="between 0 and 24677"):
        Ports.moved_by(offset)


def test_every_taken_port_is_named_with_its_part() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as two:
        taken = {"gateway": one.getsockname()[1], "simulator": two.getsockname()[1]}
        with pytest.raises(PortsTaken) as refused:
            refuse_taken_ports({**taken, "valkey": free_port()})
    for service, port in taken.items():
        assert f"{service} cannot listen on port {port}" in str(refused.value)
    assert "valkey" not in str(refused.value)
    assert "make run PORT_OFFSET=1000" in str(refused.value)
