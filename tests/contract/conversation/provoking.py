"""What provoking refusals takes, whichever method is refused."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import pytest
from google.protobuf.message import Message

from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Conflict
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import opt_out_pb2, person_pb2, pool_pb2
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, CAROL_NUMBER, MASKED

NOWHERE = "+12065550199"
DAVE_NUMBER = "+13605550144"

Request = TypeVar("Request", bound=Message)
Provocation = Callable[[RunningService, pytest.MonkeyPatch], Awaitable[object]]
# A call without anything that has to be made ready for it.
Plain = Callable[[RunningService], Awaitable[object]]


def losing_every_race(patch: pytest.MonkeyPatch) -> None:
    """Somebody else is always first."""

    async def commit(_: ConversationRepository, commits: Sequence[Commit]) -> list[Conflict]:
        return [Conflict() for _ in commits]

    patch.setattr(ConversationRepository, "commit", commit)


async def opt_out(service: RunningService, number: str = ALICE_NUMBER) -> None:
    await ask(service.opt_outs.OptOut, opt_out_pb2.OptOutRequest(phone_number=number))


async def erase(service: RunningService, number: str = ALICE_NUMBER, **fields: str) -> object:
    request = saying(person_pb2.ErasePersonRequest(phone_number=number), fields)
    return await ask(service.people.ErasePerson, request)


async def drain(service: RunningService) -> None:
    await ask(service.pools.DrainNumber, pool_pb2.DrainNumberRequest(masked_number=MASKED))


async def ended(service: RunningService, masked_number: str = MASKED) -> str:
    """A conversation of Alice and Carol that is just over."""
    name = await active(service, masked_number)
    await service.end(name)
    return name


async def active(service: RunningService, masked_number: str = MASKED) -> str:
    """One that is not."""
    opened = await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number=masked_number)
    return opened.conversation_id


async def paused(service: RunningService, masked_number: str = MASKED) -> str:
    """One that is paused."""
    name = await active(service, masked_number)
    request = pb.PauseConversationRequest(conversation_id=name)
    await ask(service.stub.PauseConversation, request)
    return name


async def waiting(service: RunningService) -> str:
    """One that nobody has joined yet."""
    return (await service.start(ALICE_NUMBER, MASKED)).conversation.conversation_id


def saying(request: Request, fields: Mapping[str, str]) -> Request:
    """The request with these fields besides."""
    for name, value in fields.items():
        setattr(request, name, value)
    return request


def at_once(call: Plain) -> Provocation:
    """It is refused as it is."""
    return lambda service, _: call(service)


def lost(call: Plain) -> Provocation:
    """It loses every race."""

    async def races(service: RunningService, patch: pytest.MonkeyPatch) -> object:
        losing_every_race(patch)
        return await call(service)

    return races
