"""Provokes each documented error of starting, opening and changing conversations."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest
from contract.conversation.errors.error_catalog.common import (
    DAVE_NUMBER,
    NOWHERE,
    Provocation,
    active,
    directly,
    drain,
    ended,
    erase,
    in_contention,
    lose_every_race,
    opt_out,
    paused,
    waiting,
    with_fields,
)

from conversation_service.domain.commands.core.holding import HELD_LIMIT
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import pool_pb2
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, MASKED, OTHER_MASKED

Prepare = Callable[[RunningService, str], Awaitable[str]]


class Call(Protocol):
    """Calls a method; without further fields it succeeds."""

    def __call__(self, service: RunningService, **fields: str) -> Awaitable[object]: ...


class CallOn(Protocol):
    """Calls a method that changes a conversation."""

    def __call__(
        self, service: RunningService, conversation_id: str, **fields: str
    ) -> Awaitable[object]: ...


def start(service: RunningService, **fields: str) -> Awaitable[object]:
    request = with_fields(pb.StartConversationRequest(phone_number=ALICE_NUMBER), fields)
    return ask(service.stub.StartConversation, request)


def open_(service: RunningService, **fields: str) -> Awaitable[object]:
    request = with_fields(
        pb.OpenConversationRequest(phone_numbers=[BOB_NUMBER, ALICE_NUMBER]), fields
    )
    return ask(service.stub.OpenConversation, request)


def end(service: RunningService, conversation_id: str, **fields: str) -> Awaitable[object]:
    request = with_fields(pb.EndConversationRequest(conversation_id=conversation_id), fields)
    return ask(service.stub.EndConversation, request)


def send(service: RunningService, conversation_id: str, **fields: str) -> Awaitable[object]:
    request = with_fields(
        pb.SendMessageRequest(conversation_id=conversation_id, body="hello"), fields
    )
    if "participant_id" not in fields:
        request.system = True
    return ask(service.stub.SendMessage, request)


def pause(service: RunningService, conversation_id: str, **fields: str) -> Awaitable[object]:
    request = with_fields(pb.PauseConversationRequest(conversation_id=conversation_id), fields)
    return ask(service.stub.PauseConversation, request)


def resume(service: RunningService, conversation_id: str, **fields: str) -> Awaitable[object]:
    request = with_fields(pb.ResumeConversationRequest(conversation_id=conversation_id), fields)
    return ask(service.stub.ResumeConversation, request)


def reopen(service: RunningService, conversation_id: str, **fields: str) -> Awaitable[object]:
    request = with_fields(pb.ReopenConversationRequest(conversation_id=conversation_id), fields)
    return ask(service.stub.ReopenConversation, request)


def of_new_conversation(begin: Call) -> dict[str, Provocation]:
    """The errors that starting and opening share; Alice takes part in both."""

    async def cooling(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await ended(service)
        return await begin(service, masked_number=MASKED)

    async def in_conversation(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await active(service)
        return await begin(service, masked_number=MASKED)

    async def draining(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await drain(service)
        return await begin(service, masked_number=MASKED)

    async def no_number_free(service: RunningService, _: pytest.MonkeyPatch) -> object:
        for number in (MASKED, OTHER_MASKED):
            await active(service, number)
        return await begin(service)

    async def unique_name_taken(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await begin(service, unique_name="order-7")
        return await begin(service, unique_name="order-7")

    async def opted_out(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await opt_out(service)
        return await begin(service)

    async def request_id_reused(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await begin(service, request_id="r")
        return await begin(service, request_id="r", unique_name="order-7")

    async def erased(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await begin(service, request_id="r")
        await erase(service)
        return await begin(service, request_id="r")

    return {
        "INVALID_ARGUMENT": directly(lambda service: begin(service, masked_number="2065550100")),
        "POOL_NOT_FOUND": directly(lambda service: begin(service, pool="none")),
        "UNKNOWN_MASKED_NUMBER": directly(lambda service: begin(service, masked_number=NOWHERE)),
        "NUMBER_NOT_ACTIVE": draining,
        "NUMBER_COOLING": cooling,
        "ALREADY_IN_CONVERSATION": in_conversation,
        "NO_NUMBER_AVAILABLE": no_number_free,
        "UNIQUE_NAME_TAKEN": unique_name_taken,
        "PARTICIPANT_OPTED_OUT": opted_out,
        "REQUEST_ID_REUSED": request_id_reused,
        "ANSWER_FORGOTTEN": erased,
        "TOO_MANY_RACES": in_contention(begin),
    }


def of_change(act: CallOn, ready: Prepare) -> dict[str, Provocation]:
    """The errors that all changes of a conversation share; on a `ready` one the call succeeds."""

    async def request_id_reused(service: RunningService, _: pytest.MonkeyPatch) -> object:
        first, second = await ready(service, MASKED), await ready(service, OTHER_MASKED)
        await act(service, first, request_id="r")
        return await act(service, second, request_id="r")

    async def contended(service: RunningService, patch: pytest.MonkeyPatch) -> object:
        conversation_id = await ready(service, MASKED)
        lose_every_race(patch)
        return await act(service, conversation_id)

    return {
        "INVALID_ARGUMENT": directly(lambda service: act(service, "")),
        "POOL_NOT_FOUND": directly(lambda service: act(service, "none", pool="none")),
        "CONVERSATION_NOT_FOUND": directly(lambda service: act(service, "none")),
        "REQUEST_ID_REUSED": request_id_reused,
        "TOO_MANY_RACES": contended,
    }


def after(act: CallOn, create: Callable[[RunningService], Awaitable[str]]) -> Provocation:
    """The call is refused for a conversation in this state."""

    async def call(service: RunningService, _: pytest.MonkeyPatch) -> object:
        return await act(service, await create(service))

    return call


def repeated(act: CallOn, ready: Prepare) -> dict[str, Provocation]:
    """The request is repeated after its conversation was erased."""

    async def erased(service: RunningService, _: pytest.MonkeyPatch) -> object:
        conversation_id = await ready(service, MASKED)
        await act(service, conversation_id, request_id="r")
        await erase(service)
        return await act(service, conversation_id, request_id="r")

    return {"ANSWER_FORGOTTEN": erased}


def by_a_stranger(act: CallOn) -> Provocation:
    """The call names a person who is not in the conversation."""

    async def call(service: RunningService, _: pytest.MonkeyPatch) -> object:
        return await act(service, await active(service), participant_id="nobody")

    return call


async def blocked(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(ALICE_NUMBER, "block")
    return await open_(service)


async def held_limit_reached(service: RunningService, _: pytest.MonkeyPatch) -> object:
    conversation_id = await paused(service)
    texts = (service.text(ALICE_NUMBER, str(number)) for number in range(HELD_LIMIT))
    await service.receive(*texts)
    return await send_as_first(service, conversation_id)


async def paused_and_refusing(service: RunningService, _: pytest.MonkeyPatch) -> object:
    settings = pool_pb2.PoolSettings(pause_policy=pool_pb2.PAUSE_POLICY_REFUSE)
    request = pool_pb2.UpdatePoolRequest(settings=settings)
    request.update_mask.paths.append("pause_policy")
    await ask(service.pools.UpdatePool, request)
    return await send_as_first(service, await paused(service))


async def send_as_first(service: RunningService, conversation_id: str) -> object:
    first = (await service.get(conversation_id)).participants[0].participant_id
    return await send(service, conversation_id, participant_id=first)


async def unique_name_taken_again(service: RunningService, _: pytest.MonkeyPatch) -> object:
    request = pb.OpenConversationRequest(
        phone_numbers=[CAROL_NUMBER, DAVE_NUMBER], unique_name="order-7"
    )
    opened = (await ask(service.stub.OpenConversation, request)).conversation
    await service.end(opened.conversation_id)
    await start(service, unique_name="order-7")
    return await reopen(service, opened.conversation_id)


async def opted_out_after_the_end(service: RunningService, _: pytest.MonkeyPatch) -> object:
    conversation_id = await ended(service)
    await opt_out(service)
    return await reopen(service, conversation_id)


TABLE: dict[str, dict[str, Provocation]] = {
    "StartConversation": of_new_conversation(start),
    "OpenConversation": of_new_conversation(open_) | {"PAIR_BLOCKED": blocked},
    "EndConversation": of_change(end, active)
    | repeated(end, active)
    | {"CONVERSATION_ENDED": after(end, ended), "PARTICIPANT_NOT_FOUND": by_a_stranger(end)},
    "SendMessage": of_change(send, active)
    | repeated(send, active)
    | {
        "CONVERSATION_ENDED": after(send, ended),
        "CONVERSATION_NOT_ACTIVE": after(send, waiting),
        "PARTICIPANT_NOT_FOUND": by_a_stranger(send),
        "CONVERSATION_PAUSED": paused_and_refusing,
        "TOO_MANY_HELD": held_limit_reached,
    },
    "PauseConversation": of_change(pause, active)
    | repeated(pause, active)
    | {
        "CONVERSATION_ENDED": after(pause, ended),
        "CONVERSATION_NOT_ACTIVE": after(pause, waiting),
        "CONVERSATION_PAUSED": after(pause, paused),
    },
    "ResumeConversation": of_change(resume, paused)
    | repeated(resume, paused)
    | {
        "CONVERSATION_ENDED": after(resume, ended),
        "CONVERSATION_NOT_PAUSED": after(resume, active),
    },
    "ReopenConversation": of_change(reopen, ended)
    | {
        "CONVERSATION_NOT_REOPENABLE": after(reopen, active),
        "UNIQUE_NAME_TAKEN": unique_name_taken_again,
        "PARTICIPANT_OPTED_OUT": opted_out_after_the_end,
    },
}
