"""Building blocks of the error catalog: calls by method name, and set-ups before them."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from google.protobuf.message import Message

from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Conflict
from maskline.conversation.v1.pool_pb2 import PoolSettings
from support.builders import random_requests
from support.builders.conversation_calls import filled
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
)
from support.services.conversation_service import RunningService

# Fields that the set-ups of a call have found out, such as the id of a conversation.
State = dict[str, object]
Setup = Callable[[RunningService, pytest.MonkeyPatch, State], Awaitable[None]]
Provocation = Callable[[RunningService, pytest.MonkeyPatch], Awaitable[object]]

UNKNOWN_NUMBER = "+12065550199"
NEW_NUMBER = "+12065550102"
# With these fields, and those of the state, a call succeeds.
VALID: dict[str, State] = {
    "StartConversation": {"phone_number": ALICE_NUMBER},
    "OpenConversation": {"phone_numbers": [BOB_NUMBER, ALICE_NUMBER]},
    "JoinConversation": {"phone_number": BOB_NUMBER, "code": "X4X4X4"},
    "SendMessage": {"body": "hello", "system": True},
    "OptOut": {"phone_number": ALICE_NUMBER},
    "ErasePerson": {"phone_number": ALICE_NUMBER},
    "CreatePool": {"name": "taxis", "settings": PoolSettings(operator="Test exchange")},
    "UpdatePool": {"settings": PoolSettings(operator="Test exchange")},
    "AddNumber": {"masked_number": NEW_NUMBER},
    "DrainNumber": {"masked_number": MASKED},
    "RemoveNumber": {"masked_number": MASKED},
}


def calls(method: str, *setups: Setup, **fields: object) -> Provocation:
    """Runs the set-ups, then calls the method with the state and these fields."""

    async def provoke(service: RunningService, patch: pytest.MonkeyPatch) -> object:
        state: State = {}
        for setup in setups:
            await setup(service, patch, state)
        return await send(service, method, state | fields)

    return provoke


def called(method: str, **fields: object) -> Setup:
    """A set-up that calls a method successfully."""

    async def setup(service: RunningService, _: pytest.MonkeyPatch, state: State) -> None:
        await send(service, method, state | fields)

    return setup


def opened(*numbers: str, masked_number: str = MASKED) -> Setup:
    """A set-up that opens a conversation; its id goes into the state."""

    async def setup(service: RunningService, _: pytest.MonkeyPatch, state: State) -> None:
        conversation = await service.open(*numbers, masked_number=masked_number)
        state["conversation_id"] = conversation.conversation_id

    return setup


active = opened(ALICE_NUMBER, CAROL_NUMBER)
active_elsewhere = opened(ALICE_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
end, pause = called("EndConversation"), called("PauseConversation")


async def contended(_: RunningService, patch: pytest.MonkeyPatch, __: State) -> None:
    """From now on every commit conflicts with another one."""

    async def commit(_: ConversationRepository, commits: Sequence[Commit]) -> list[Conflict]:
        return [Conflict() for _ in commits]

    patch.setattr(ConversationRepository, "commit", commit)


async def messaging_down(service: RunningService, _: pytest.MonkeyPatch, __: State) -> None:
    """From now on the messaging service is unreachable."""
    service.messaging.is_down = True


async def send(service: RunningService, method: str, fields: State) -> Message:
    """Calls a method with valid fields and these."""
    chosen = VALID.get(method, {}) | fields
    if "participant_id" in fields:
        chosen.pop("system", None)
    request = random_requests.build(method, chosen)
    return await random_requests.call(service, method, filled(request))
