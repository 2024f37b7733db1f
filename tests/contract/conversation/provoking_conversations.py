"""How each refusal that ConversationService documents comes about, method by method."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest
from contract.conversation.provoking import (
    DAVE_NUMBER,
    NOWHERE,
    Provocation,
    active,
    at_once,
    drain,
    ended,
    erase,
    losing_every_race,
    lost,
    opt_out,
    paused,
    saying,
    waiting,
)

from conversation_service.domain.commands.core.holding import HELD_LIMIT
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import pool_pb2
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, MASKED, OTHER_MASKED

Ready = Callable[[RunningService, str], Awaitable[str]]


class Call(Protocol):
    """Calls one method; what is not said is so that it succeeds."""

    def __call__(self, service: RunningService, **fields: str) -> Awaitable[object]:
        """See Call."""
        ...


class CallOn(Protocol):
    """Calls one method of a conversation."""

    def __call__(self, service: RunningService, name: str, **fields: str) -> Awaitable[object]:
        """See CallOn."""
        ...


def start(service: RunningService, **fields: str) -> Awaitable[object]:
    request = saying(pb.StartConversationRequest(phone_number=ALICE_NUMBER), fields)
    return ask(service.stub.StartConversation, request)


def open_(service: RunningService, **fields: str) -> Awaitable[object]:
    request = saying(pb.OpenConversationRequest(phone_numbers=[BOB_NUMBER, ALICE_NUMBER]), fields)
    return ask(service.stub.OpenConversation, request)


def end(service: RunningService, name: str, **fields: str) -> Awaitable[object]:
    request = saying(pb.EndConversationRequest(conversation_id=name), fields)
    return ask(service.stub.EndConversation, request)


def send(service: RunningService, name: str, **fields: str) -> Awaitable[object]:
    request = saying(pb.SendMessageRequest(conversation_id=name, body="hello"), fields)
    if "participant_id" not in fields:
        request.system = True
    return ask(service.stub.SendMessage, request)


def pause(service: RunningService, name: str, **fields: str) -> Awaitable[object]:
    request = saying(pb.PauseConversationRequest(conversation_id=name), fields)
    return ask(service.stub.PauseConversation, request)


def resume(service: RunningService, name: str, **fields: str) -> Awaitable[object]:
    request = saying(pb.ResumeConversationRequest(conversation_id=name), fields)
    return ask(service.stub.ResumeConversation, request)


def reopen(service: RunningService, name: str, **fields: str) -> Awaitable[object]:
    request = saying(pb.ReopenConversationRequest(conversation_id=name), fields)
    return ask(service.stub.ReopenConversation, request)


def beginning(begin: Call) -> dict[str, Provocation]:
    """What starting and opening have in common; Alice takes part in either."""

    async def cooling(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await ended(service)
        return await begin(service, masked_number=MASKED)

    async def taken(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await active(service)
        return await begin(service, masked_number=MASKED)

    async def draining(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await drain(service)
        return await begin(service, masked_number=MASKED)

    async def full(service: RunningService, _: pytest.MonkeyPatch) -> object:
        for number in (MASKED, OTHER_MASKED):
            await active(service, number)
        return await begin(service)

    async def named(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await begin(service, unique_name="order-7")
        return await begin(service, unique_name="order-7")

    async def opted_out(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await opt_out(service)
        return await begin(service)

    async def reused(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await begin(service, request_id="r")
        return await begin(service, request_id="r", unique_name="order-7")

    async def forgotten(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await begin(service, request_id="r")
        await erase(service)
        return await begin(service, request_id="r")

    return {
        "INVALID_ARGUMENT": at_once(lambda service: begin(service, masked_number="2065550100")),
        "POOL_NOT_FOUND": at_once(lambda service: begin(service, pool="none")),
        "UNKNOWN_MASKED_NUMBER": at_once(lambda service: begin(service, masked_number=NOWHERE)),
        "NUMBER_NOT_ACTIVE": draining,
        "NUMBER_COOLING": cooling,
        "ALREADY_IN_CONVERSATION": taken,
        "NO_NUMBER_AVAILABLE": full,
        "UNIQUE_NAME_TAKEN": named,
        "PARTICIPANT_OPTED_OUT": opted_out,
        "REQUEST_ID_REUSED": reused,
        "ANSWER_FORGOTTEN": forgotten,
        "TOO_MANY_RACES": lost(begin),
    }


def changing(act: CallOn, ready: Ready) -> dict[str, Provocation]:
    """What all changes of a conversation have in common; on a `ready` one it succeeds."""

    async def reused(service: RunningService, _: pytest.MonkeyPatch) -> object:
        one, another = await ready(service, MASKED), await ready(service, OTHER_MASKED)
        await act(service, one, request_id="r")
        return await act(service, another, request_id="r")

    async def races(service: RunningService, patch: pytest.MonkeyPatch) -> object:
        name = await ready(service, MASKED)
        losing_every_race(patch)
        return await act(service, name)

    return {
        "INVALID_ARGUMENT": at_once(lambda service: act(service, "")),
        "POOL_NOT_FOUND": at_once(lambda service: act(service, "none", pool="none")),
        "CONVERSATION_NOT_FOUND": at_once(lambda service: act(service, "none")),
        "REQUEST_ID_REUSED": reused,
        "TOO_MANY_RACES": races,
    }


def after(act: CallOn, made: Callable[[RunningService], Awaitable[str]]) -> Provocation:
    """It is refused on what is so."""

    async def call(service: RunningService, _: pytest.MonkeyPatch) -> object:
        return await act(service, await made(service))

    return call


def repeated(act: CallOn, ready: Ready) -> dict[str, Provocation]:
    """It was carried out before, and what it was about is forgotten."""

    async def forgotten(service: RunningService, _: pytest.MonkeyPatch) -> object:
        name = await ready(service, MASKED)
        await act(service, name, request_id="r")
        await erase(service)
        return await act(service, name, request_id="r")

    return {"ANSWER_FORGOTTEN": forgotten}


def by_nobody(act: CallOn) -> Provocation:
    """It is asked for somebody who is not in the conversation."""

    async def call(service: RunningService, _: pytest.MonkeyPatch) -> object:
        return await act(service, await active(service), participant_id="nobody")

    return call


async def blocked(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(ALICE_NUMBER, "block")
    return await open_(service)


async def full_of_held(service: RunningService, _: pytest.MonkeyPatch) -> object:
    name = await paused(service)
    texts = (service.text(ALICE_NUMBER, str(number)) for number in range(HELD_LIMIT))
    await service.receive(*texts)
    return await speak_as_first(service, name)


async def refusing_pause(service: RunningService, _: pytest.MonkeyPatch) -> object:
    settings = pool_pb2.PoolSettings(pause_policy=pool_pb2.PAUSE_POLICY_REFUSE)
    request = pool_pb2.UpdatePoolRequest(settings=settings)
    request.update_mask.paths.append("pause_policy")
    await ask(service.pools.UpdatePool, request)
    return await speak_as_first(service, await paused(service))


async def speak_as_first(service: RunningService, name: str) -> object:
    first = (await service.get(name)).participants[0].participant_id
    return await send(service, name, participant_id=first)


async def name_taken_again(service: RunningService, _: pytest.MonkeyPatch) -> object:
    request = pb.OpenConversationRequest(
        phone_numbers=[CAROL_NUMBER, DAVE_NUMBER], unique_name="order-7"
    )
    opened = (await ask(service.stub.OpenConversation, request)).conversation
    await service.end(opened.conversation_id)
    await start(service, unique_name="order-7")
    return await reopen(service, opened.conversation_id)


async def opted_out_since(service: RunningService, _: pytest.MonkeyPatch) -> object:
    name = await ended(service)
    await opt_out(service)
    return await reopen(service, name)


TABLE: dict[str, dict[str, Provocation]] = {
    "StartConversation": beginning(start),
    "OpenConversation": beginning(open_) | {"PAIR_BLOCKED": blocked},
    "EndConversation": changing(end, active)
    | repeated(end, active)
    | {"CONVERSATION_ENDED": after(end, ended), "PARTICIPANT_NOT_FOUND": by_nobody(end)},
    "SendMessage": changing(send, active)
    | repeated(send, active)
    | {
        "CONVERSATION_ENDED": after(send, ended),
        "CONVERSATION_NOT_ACTIVE": after(send, waiting),
        "PARTICIPANT_NOT_FOUND": by_nobody(send),
        "CONVERSATION_PAUSED": refusing_pause,
        "TOO_MANY_HELD": full_of_held,
    },
    "PauseConversation": changing(pause, active)
    | repeated(pause, active)
    | {
        "CONVERSATION_ENDED": after(pause, ended),
        "CONVERSATION_NOT_ACTIVE": after(pause, waiting),
        "CONVERSATION_PAUSED": after(pause, paused),
    },
    "ResumeConversation": changing(resume, paused)
    | repeated(resume, paused)
    | {
        "CONVERSATION_ENDED": after(resume, ended),
        "CONVERSATION_NOT_PAUSED": after(resume, active),
    },
    "ReopenConversation": changing(reopen, ended)
    | {
        "CONVERSATION_NOT_REOPENABLE": after(reopen, active),
        "UNIQUE_NAME_TAKEN": name_taken_again,
        "PARTICIPANT_OPTED_OUT": opted_out_since,
    },
}
