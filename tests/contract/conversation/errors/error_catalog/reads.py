"""Provokes each documented error of joining, reading and watching."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from contract.conversation.errors.error_catalog.common import (
    Provocation,
    directly,
    ended,
    erase,
    lose_every_race,
    opt_out,
    with_fields,
)

from conversation_service.application.event_subscription import MAX_SUBSCRIPTIONS
from conversation_service.store.event_log import EventLog
from maskline.conversation.v1 import conversation_pb2 as pb
from support.conversation_calls import ask, filled
from support.conversation_service import RunningService
from support.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    POOL,
    SETTINGS,
    VAULT,
)
from support.eventually import eventually
from support.watching import create_many_events, has_free_slot, open_watches, watching


def join(
    service: RunningService, code: str = "X4X4X4", **fields: str
) -> Awaitable[pb.JoinConversationResponse]:
    request = with_fields(pb.JoinConversationRequest(code=code, phone_number=BOB_NUMBER), fields)
    return ask(service.stub.JoinConversation, request)


async def alices_code(service: RunningService) -> str:
    return (await service.start(ALICE_NUMBER, MASKED)).code


async def join_while_in_a_conversation(service: RunningService, _: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    await service.open(BOB_NUMBER, CAROL_NUMBER)
    return await join(service, code)


async def join_during_cool_off(service: RunningService, _: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    await service.end((await service.open(BOB_NUMBER, CAROL_NUMBER)).conversation_id)
    return await join(service, code)


async def join_after_opting_out(service: RunningService, _: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    await opt_out(service, BOB_NUMBER)
    return await join(service, code)


async def join_with_other_fields(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await join(service, await alices_code(service), request_id="r")
    return await join(service, "A2A2A2", request_id="r")


async def join_again_after_erasure(service: RunningService, _: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    await join(service, code, request_id="r")
    await erase(service)
    return await join(service, code, request_id="r")


async def join_in_contention(service: RunningService, patch: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    lose_every_race(patch)
    return await join(service, code)


async def watch(service: RunningService, cursor: str = "", pool: str = "") -> object:
    request = filled(pb.WatchEventsRequest(pool=pool, cursor=cursor))
    return await service.stub.WatchEvents(request).read()


async def watch_from_a_trimmed_cursor(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await ended(service)
    async with watching(service, cursor="0") as watcher:
        cursor = (await watcher.event()).cursor
    service.clock.move(days=31)
    await EventLog(service.redis, POOL.name, VAULT).trim(service.clock.now(), SETTINGS.events_kept)
    return await watch(service, cursor)


async def watch_beyond_the_limit(service: RunningService, _: pytest.MonkeyPatch) -> object:
    async with open_watches(service, MAX_SUBSCRIPTIONS):
        return await watch(service)


async def watch_without_reading(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await create_many_events(service)
    async with open_watches(service, MAX_SUBSCRIPTIONS - 1), watching(service, cursor="0") as slow:
        await slow.event()
        await eventually(partial(has_free_slot, service))
        while True:
            await slow.event()


def of_read(
    read: Callable[[RunningService, str, str], Awaitable[object]],
) -> dict[str, Provocation]:
    """The errors that all reads of a conversation share."""
    return {
        "INVALID_ARGUMENT": directly(lambda service: read(service, "", "")),
        "POOL_NOT_FOUND": directly(lambda service: read(service, "none", "none")),
        "CONVERSATION_NOT_FOUND": directly(lambda service: read(service, "none", "")),
    }


def get(service: RunningService, conversation_id: str, pool: str) -> Awaitable[object]:
    request = pb.GetConversationRequest(conversation_id=conversation_id, pool=pool)
    return ask(service.stub.GetConversation, request)


def list_messages(service: RunningService, conversation_id: str, pool: str) -> Awaitable[object]:
    request = pb.ListMessagesRequest(conversation_id=conversation_id, pool=pool)
    return ask(service.stub.ListMessages, request)


def get_timeline(service: RunningService, conversation_id: str, pool: str) -> Awaitable[object]:
    request = pb.GetTimelineRequest(conversation_id=conversation_id, pool=pool)
    return ask(service.stub.GetTimeline, request)


def list_conversations(
    service: RunningService, pool: str = "", page_size: int = 0
) -> Awaitable[object]:
    request = pb.ListConversationsRequest(pool=pool, page_size=page_size)
    return ask(service.stub.ListConversations, request)


TABLE: dict[str, dict[str, Provocation]] = {
    "JoinConversation": {
        "INVALID_ARGUMENT": directly(lambda service: join(service, "")),
        "POOL_NOT_FOUND": directly(lambda service: join(service, pool="none")),
        "CODE_NOT_VALID": directly(join),
        "ALREADY_IN_CONVERSATION": join_while_in_a_conversation,
        "NUMBER_COOLING": join_during_cool_off,
        "PARTICIPANT_OPTED_OUT": join_after_opting_out,
        "REQUEST_ID_REUSED": join_with_other_fields,
        "ANSWER_FORGOTTEN": join_again_after_erasure,
        "TOO_MANY_RACES": join_in_contention,
    },
    "GetConversation": of_read(get),
    "ListMessages": of_read(list_messages),
    "GetTimeline": of_read(get_timeline),
    "ListConversations": {
        "INVALID_ARGUMENT": directly(lambda service: list_conversations(service, page_size=-1)),
        "POOL_NOT_FOUND": directly(lambda service: list_conversations(service, "none")),
    },
    "WatchEvents": {
        "INVALID_ARGUMENT": directly(lambda service: watch(service, "yesterday")),
        "POOL_NOT_FOUND": directly(lambda service: watch(service, pool="none")),
        "CURSOR_EXPIRED": watch_from_a_trimmed_cursor,
        "TOO_MANY_WATCHERS": watch_beyond_the_limit,
        "WATCHER_TOO_SLOW": watch_without_reading,
    },
}
