"""How each refusal that joins, reads and watches document comes about."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from contract.conversation.provoking import (
    Provocation,
    at_once,
    ended,
    erase,
    losing_every_race,
    opt_out,
    saying,
)

from conversation_service.application.event_subscription import WATCHERS_LIMIT
from conversation_service.store.event_log import EventLog
from maskline.conversation.v1 import conversation_pb2 as pb
from support.conversation_calls import ask, filled
from support.conversation_service import RunningService
from support.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    SETTINGS,
    pool_storage,
)
from support.eventually import eventually
from support.watching import crowd, has_room, much_has_happened, watching


def join(
    service: RunningService, code: str = "X4X4X4", **fields: str
) -> Awaitable[pb.JoinConversationResponse]:
    request = saying(pb.JoinConversationRequest(code=code, phone_number=BOB_NUMBER), fields)
    return ask(service.stub.JoinConversation, request)


async def alices_code(service: RunningService) -> str:
    return (await service.start(ALICE_NUMBER, MASKED)).code


async def joining_while_in_one(service: RunningService, _: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    await service.open(BOB_NUMBER, CAROL_NUMBER)
    return await join(service, code)


async def joining_while_it_rests(service: RunningService, _: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    await service.end((await service.open(BOB_NUMBER, CAROL_NUMBER)).conversation_id)
    return await join(service, code)


async def joining_opted_out(service: RunningService, _: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    await opt_out(service, BOB_NUMBER)
    return await join(service, code)


async def joining_again_otherwise(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await join(service, await alices_code(service), request_id="r")
    return await join(service, "A2A2A2", request_id="r")


async def joining_forgotten(service: RunningService, _: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    await join(service, code, request_id="r")
    await erase(service)
    return await join(service, code, request_id="r")


async def joining_a_race(service: RunningService, patch: pytest.MonkeyPatch) -> object:
    code = await alices_code(service)
    losing_every_race(patch)
    return await join(service, code)


async def watch(service: RunningService, cursor: str = "", pool: str = "") -> object:
    request = filled(pb.WatchEventsRequest(pool=pool, cursor=cursor))
    return await service.stub.WatchEvents(request).read()


async def watching_what_is_forgotten(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await ended(service)
    async with watching(service, cursor="0") as watcher:
        cursor = (await watcher.event()).cursor
    service.clock.move(days=31)
    await EventLog(pool_storage(service.redis)).trim(service.clock.now(), SETTINGS.events_kept)
    return await watch(service, cursor)


async def watching_among_many(service: RunningService, _: pytest.MonkeyPatch) -> object:
    async with crowd(service, WATCHERS_LIMIT):
        return await watch(service)


async def watching_without_reading(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await much_has_happened(service)
    async with crowd(service, WATCHERS_LIMIT - 1), watching(service, cursor="0") as slow:
        await slow.event()
        await eventually(partial(has_room, service))
        while True:
            await slow.event()


def reading(
    read: Callable[[RunningService, str, str], Awaitable[object]],
) -> dict[str, Provocation]:
    """What all reads of one conversation have in common."""
    return {
        "INVALID_ARGUMENT": at_once(lambda service: read(service, "", "")),
        "POOL_NOT_FOUND": at_once(lambda service: read(service, "none", "none")),
        "CONVERSATION_NOT_FOUND": at_once(lambda service: read(service, "none", "")),
    }


def get(service: RunningService, name: str, pool: str) -> Awaitable[object]:
    request = pb.GetConversationRequest(conversation_id=name, pool=pool)
    return ask(service.stub.GetConversation, request)


def list_messages(service: RunningService, name: str, pool: str) -> Awaitable[object]:
    request = pb.ListMessagesRequest(conversation_id=name, pool=pool)
    return ask(service.stub.ListMessages, request)


def get_timeline(service: RunningService, name: str, pool: str) -> Awaitable[object]:
    request = pb.GetTimelineRequest(conversation_id=name, pool=pool)
    return ask(service.stub.GetTimeline, request)


def list_conversations(
    service: RunningService, pool: str = "", page_size: int = 0
) -> Awaitable[object]:
    request = pb.ListConversationsRequest(pool=pool, page_size=page_size)
    return ask(service.stub.ListConversations, request)


TABLE: dict[str, dict[str, Provocation]] = {
    "JoinConversation": {
        "INVALID_ARGUMENT": at_once(lambda service: join(service, "")),
        "POOL_NOT_FOUND": at_once(lambda service: join(service, pool="none")),
        "CODE_NOT_VALID": at_once(join),
        "ALREADY_IN_CONVERSATION": joining_while_in_one,
        "NUMBER_COOLING": joining_while_it_rests,
        "PARTICIPANT_OPTED_OUT": joining_opted_out,
        "REQUEST_ID_REUSED": joining_again_otherwise,
        "ANSWER_FORGOTTEN": joining_forgotten,
        "TOO_MANY_RACES": joining_a_race,
    },
    "GetConversation": reading(get),
    "ListMessages": reading(list_messages),
    "GetTimeline": reading(get_timeline),
    "ListConversations": {
        "INVALID_ARGUMENT": at_once(lambda service: list_conversations(service, page_size=-1)),
        "POOL_NOT_FOUND": at_once(lambda service: list_conversations(service, "none")),
    },
    "WatchEvents": {
        "INVALID_ARGUMENT": at_once(lambda service: watch(service, "yesterday")),
        "POOL_NOT_FOUND": at_once(lambda service: watch(service, pool="none")),
        "CURSOR_EXPIRED": watching_what_is_forgotten,
        "TOO_MANY_WATCHERS": watching_among_many,
        "WATCHER_TOO_SLOW": watching_without_reading,
    },
}
