"""Provokes each documented error of DeadLetterService."""

from collections.abc import Awaitable, Callable

import pytest
from contract.conversation.errors.error_catalog.common import Provocation, directly

from maskline.conversation.v1 import dead_letter_pb2 as pb
from maskline.conversation.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.dead_letters import damaged, dead_letters

Change = Callable[[RunningService, str, str], Awaitable[object]]


def list_letters(
    service: RunningService, pool: str = "", page_token: str = ""
) -> Awaitable[object]:
    request = pb.ListDeadLettersRequest(pool=pool, page_token=page_token)
    return ask(DeadLetterServiceStub(service.channel).ListDeadLetters, request)


def replay(service: RunningService, letter_id: str, pool: str = "") -> Awaitable[object]:
    request = pb.ReplayDeadLetterRequest(dead_letter_id=letter_id, pool=pool)
    return ask(DeadLetterServiceStub(service.channel).ReplayDeadLetter, request)


def drop(service: RunningService, letter_id: str, pool: str = "") -> Awaitable[object]:
    request = pb.DropDeadLetterRequest(dead_letter_id=letter_id, pool=pool)
    return ask(DeadLetterServiceStub(service.channel).DropDeadLetter, request)


async def replay_unreadable(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await damaged(service)
    [letter] = await dead_letters(service, 1)
    return await replay(service, letter.dead_letter_id)


def of_change(change: Change) -> dict[str, Provocation]:
    """The errors that both changes share."""
    return {
        "INVALID_ARGUMENT": directly(lambda service: change(service, "", "")),
        "POOL_NOT_FOUND": directly(lambda service: change(service, "1-0", "none")),
        "DEAD_LETTER_NOT_FOUND": directly(lambda service: change(service, "1-0", "")),
    }


TABLE: dict[str, dict[str, Provocation]] = {
    "ListDeadLetters": {
        "INVALID_ARGUMENT": directly(lambda service: list_letters(service, page_token="x")),
        "POOL_NOT_FOUND": directly(lambda service: list_letters(service, "none")),
    },
    "ReplayDeadLetter": {
        **of_change(replay),
        "DEAD_LETTER_UNREADABLE": replay_unreadable,
    },
    "DropDeadLetter": of_change(drop),
}
