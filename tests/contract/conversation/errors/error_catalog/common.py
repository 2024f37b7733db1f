"""Building blocks of the error catalog: set-ups and kinds of provocation."""

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
DirectCall = Callable[[RunningService], Awaitable[object]]


def lose_every_race(patch: pytest.MonkeyPatch) -> None:
    """Every commit conflicts with another one."""

    async def commit(_: ConversationRepository, commits: Sequence[Commit]) -> list[Conflict]:
        return [Conflict() for _ in commits]

    patch.setattr(ConversationRepository, "commit", commit)


async def opt_out(service: RunningService, number: str = ALICE_NUMBER) -> None:
    await ask(service.opt_outs.OptOut, opt_out_pb2.OptOutRequest(phone_number=number))


async def erase(service: RunningService, number: str = ALICE_NUMBER, **fields: str) -> object:
    request = with_fields(person_pb2.ErasePersonRequest(phone_number=number), fields)
    return await ask(service.people.ErasePerson, request)


async def drain(service: RunningService) -> None:
    await ask(service.pools.DrainNumber, pool_pb2.DrainNumberRequest(masked_number=MASKED))


async def ended(service: RunningService, masked_number: str = MASKED) -> str:
    """The id of an ended conversation of Alice and Carol."""
    conversation_id = await active(service, masked_number)
    await service.end(conversation_id)
    return conversation_id


async def active(service: RunningService, masked_number: str = MASKED) -> str:
    """The id of an active conversation of Alice and Carol."""
    opened = await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number=masked_number)
    return opened.conversation_id


async def paused(service: RunningService, masked_number: str = MASKED) -> str:
    """The id of a paused conversation of Alice and Carol."""
    conversation_id = await active(service, masked_number)
    request = pb.PauseConversationRequest(conversation_id=conversation_id)
    await ask(service.stub.PauseConversation, request)
    return conversation_id


async def waiting(service: RunningService) -> str:
    """The id of a conversation of Alice that nobody has joined."""
    return (await service.start(ALICE_NUMBER, MASKED)).conversation.conversation_id


def with_fields(request: Request, fields: Mapping[str, str]) -> Request:
    """The request with more fields set."""
    for name, value in fields.items():
        setattr(request, name, value)
    return request


def directly(call: DirectCall) -> Provocation:
    """The call is refused without any set-up."""
    return lambda service, _: call(service)


def in_contention(call: DirectCall) -> Provocation:
    """The call loses every race."""

    async def call_in_contention(service: RunningService, patch: pytest.MonkeyPatch) -> object:
        lose_every_race(patch)
        return await call(service)

    return call_in_contention
