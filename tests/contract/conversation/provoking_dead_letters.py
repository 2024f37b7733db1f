"""How each refusal that DeadLetterService documents comes about."""

from collections.abc import Awaitable, Callable

import pytest
from contract.conversation.provoking import Provocation, at_once

from maskline.conversation.v1 import dead_letter_pb2 as pb
from maskline.conversation.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.dead_letters import damaged, dead_letters

Change = Callable[[RunningService, str, str], Awaitable[object]]


def listed(service: RunningService, pool: str = "", page_token: str = "") -> Awaitable[object]:
    request = pb.ListDeadLettersRequest(pool=pool, page_token=page_token)
    return ask(DeadLetterServiceStub(service.channel).ListDeadLetters, request)


def replay(service: RunningService, name: str, pool: str = "") -> Awaitable[object]:
    request = pb.ReplayDeadLetterRequest(dead_letter_id=name, pool=pool)
    return ask(DeadLetterServiceStub(service.channel).ReplayDeadLetter, request)


def drop(service: RunningService, name: str, pool: str = "") -> Awaitable[object]:
    request = pb.DropDeadLetterRequest(dead_letter_id=name, pool=pool)
    return ask(DeadLetterServiceStub(service.channel).DropDeadLetter, request)


async def replaying_the_unreadable(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await damaged(service)
    [letter] = await dead_letters(service, 1)
    return await replay(service, letter.dead_letter_id)


def changing(change: Change) -> dict[str, Provocation]:
    """What both changes have in common."""
    return {
        "INVALID_ARGUMENT": at_once(lambda service: change(service, "", "")),
        "POOL_NOT_FOUND": at_once(lambda service: change(service, "1-0", "none")),
        "DEAD_LETTER_NOT_FOUND": at_once(lambda service: change(service, "1-0", "")),
    }


TABLE: dict[str, dict[str, Provocation]] = {
    "ListDeadLetters": {
        "INVALID_ARGUMENT": at_once(lambda service: listed(service, page_token="x")),
        "POOL_NOT_FOUND": at_once(lambda service: listed(service, "none")),
    },
    "ReplayDeadLetter": {
        **changing(replay),
        "DEAD_LETTER_UNREADABLE": replaying_the_unreadable,
    },
    "DropDeadLetter": changing(drop),
}
