"""A gateway over a scripted conversation service."""

from collections.abc import AsyncIterator

import pytest

from support.services.running_gateway import RunningGateway, ScriptedConversations, gateway_over


@pytest.fixture
def scripted() -> ScriptedConversations:
    return ScriptedConversations()


@pytest.fixture
async def gateway(scripted: ScriptedConversations) -> AsyncIterator[RunningGateway]:
    async with gateway_over(scripted) as running:
        yield running
