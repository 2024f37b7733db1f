"""Only the conversation service may call the messaging service."""

from pathlib import Path

import pytest

from messaging_service.rpc.permissions import RIGHTS, ROLES
from support.services.roles import guarded, methods_of, path_of, services_of

SERVICES = services_of("maskline.messaging.v1")
METHODS = methods_of(SERVICES)


def test_every_method_has_a_row_and_every_row_a_method() -> None:
    assert set(RIGHTS.roles_of) == {path_of(method) for method in METHODS}


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_only_the_conversation_service_may_call_anything(role: str, tmp_path: Path) -> None:
    callers = {name: ["*"] for name in ROLES}
    async with guarded(tmp_path, SERVICES, RIGHTS, callers) as server:
        allowed = {method.name for method in METHODS if await server.may(role, method)}
    everything = {method.name for method in METHODS}
    assert allowed == (everything if role == "conversation-service" else set())
