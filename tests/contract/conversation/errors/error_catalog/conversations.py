"""Provokes each documented error of ConversationService."""

from functools import partial

import pytest
from contract.conversation.errors.error_catalog.common import (
    UNKNOWN_NUMBER,
    Provocation,
    Setup,
    State,
    active,
    active_elsewhere,
    called,
    calls,
    contended,
    end,
    opened,
    pause,
)
from google.protobuf.field_mask_pb2 import FieldMask

from conversation_service.application.event_subscription import MAX_SUBSCRIPTIONS
from conversation_service.domain.commands.core.holding import HELD_LIMIT
from conversation_service.store.event_log import EventLog
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import pool_pb2
from support.builders.conversation_calls import ask
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    SETTINGS,
    pool_storage,
)
from support.eventually import eventually
from support.observation.watching import create_many_events, has_free_slot, open_watches, watching
from support.services.conversation_service import RunningService

DAVE_NUMBER = "+13605550144"
REFUSING = pool_pb2.PoolSettings(pause_policy=pool_pb2.PAUSE_POLICY_REFUSE)


async def waiting(service: RunningService, _: pytest.MonkeyPatch, state: State) -> None:
    """A conversation of Alice that nobody has joined."""
    started = await service.start(ALICE_NUMBER, MASKED)
    state["conversation_id"] = started.conversation.conversation_id
    state["code"] = started.code


async def as_first(service: RunningService, _: pytest.MonkeyPatch, state: State) -> None:
    """The call is made for the first participant."""
    conversation = await service.get(str(state["conversation_id"]))
    state["participant_id"] = conversation.participants[0].participant_id


async def blocked(service: RunningService, _: pytest.MonkeyPatch, __: State) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "block")


async def unique_name_taken_again(
    service: RunningService, _: pytest.MonkeyPatch, state: State
) -> None:
    """An ended conversation whose unique name another one has now."""
    request = pb.OpenConversationRequest(
        phone_numbers=[CAROL_NUMBER, DAVE_NUMBER], unique_name="order-7"
    )
    conversation = (await ask(service.stub.OpenConversation, request)).conversation
    state["conversation_id"] = conversation.conversation_id
    await service.end(conversation.conversation_id)
    other = pb.StartConversationRequest(phone_number=ALICE_NUMBER, unique_name="order-7")
    await ask(service.stub.StartConversation, other)


async def hold_limit_reached(service: RunningService, _: pytest.MonkeyPatch, __: State) -> None:
    held = (service.text(ALICE_NUMBER, str(number)) for number in range(HELD_LIMIT))
    await service.receive(*held)


async def trimmed_cursor(service: RunningService, _: pytest.MonkeyPatch, state: State) -> None:
    async with watching(service, cursor="0") as watch:
        state["cursor"] = (await watch.event()).cursor
    service.clock.move(days=31)
    await EventLog(pool_storage(service.redis)).trim(service.clock.now(), SETTINGS.events_kept)


async def watch_beyond_the_limit(service: RunningService, patch: pytest.MonkeyPatch) -> object:
    async with open_watches(service, MAX_SUBSCRIPTIONS):
        return await calls("WatchEvents")(service, patch)


async def watch_without_reading(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await create_many_events(service)
    others = open_watches(service, MAX_SUBSCRIPTIONS - 1)
    async with others, watching(service, cursor="0") as slow:
        await slow.event()
        await eventually(partial(has_free_slot, service))
        while True:
            await slow.event()


def of_new(method: str) -> dict[str, Provocation]:
    """The errors that starting and opening share; Alice takes part in both."""
    first = called(method, request_id="r")
    named = called(method, unique_name="order-7")
    return {
        "INVALID_ARGUMENT": calls(method, masked_number="2065550100"),
        "POOL_NOT_FOUND": calls(method, pool="none"),
        "UNKNOWN_MASKED_NUMBER": calls(method, masked_number=UNKNOWN_NUMBER),
        "NUMBER_NOT_ACTIVE": calls(method, called("DrainNumber"), masked_number=MASKED),
        "NUMBER_COOLING": calls(method, active, end, masked_number=MASKED),
        "ALREADY_IN_CONVERSATION": calls(method, active, masked_number=MASKED),
        "NO_NUMBER_AVAILABLE": calls(method, active, active_elsewhere),
        "UNIQUE_NAME_TAKEN": calls(method, named, unique_name="order-7"),
        "PARTICIPANT_OPTED_OUT": calls(method, called("OptOut")),
        "REQUEST_ID_REUSED": calls(method, first, request_id="r", unique_name="order-7"),
        "ANSWER_FORGOTTEN": calls(method, first, called("ErasePerson"), request_id="r"),
        "TOO_MANY_RACES": calls(method, contended),
    }


def of_change(method: str, *state: Setup) -> dict[str, Provocation]:
    """The errors that all changes of a conversation share; in this state the call succeeds."""
    first, elsewhere = called(method, request_id="r"), (active_elsewhere, *state[1:])
    return {
        "INVALID_ARGUMENT": calls(method, conversation_id=""),
        "POOL_NOT_FOUND": calls(method, conversation_id="none", pool="none"),
        "CONVERSATION_NOT_FOUND": calls(method, conversation_id="none"),
        "REQUEST_ID_REUSED": calls(method, *state, first, *elsewhere, request_id="r"),
        "TOO_MANY_RACES": calls(method, *state, contended),
    }


def after_erasure(method: str, *state: Setup) -> dict[str, Provocation]:
    """The request is repeated after its conversation was erased."""
    first = called(method, request_id="r")
    return {"ANSWER_FORGOTTEN": calls(method, *state, first, called("ErasePerson"), request_id="r")}


def of_read(method: str) -> dict[str, Provocation]:
    """The errors that all reads of a conversation share."""
    return {
        "INVALID_ARGUMENT": calls(method),
        "POOL_NOT_FOUND": calls(method, conversation_id="none", pool="none"),
        "CONVERSATION_NOT_FOUND": calls(method, conversation_id="none"),
    }


JOINED = called("JoinConversation", request_id="r")
TABLE: dict[str, dict[str, Provocation]] = {
    "StartConversation": of_new("StartConversation"),
    "OpenConversation": of_new("OpenConversation")
    | {"PAIR_BLOCKED": calls("OpenConversation", blocked)},
    "JoinConversation": {
        "INVALID_ARGUMENT": calls("JoinConversation", code=""),
        "POOL_NOT_FOUND": calls("JoinConversation", pool="none"),
        "CODE_NOT_VALID": calls("JoinConversation"),
        "ALREADY_IN_CONVERSATION": calls(
            "JoinConversation", waiting, opened(BOB_NUMBER, CAROL_NUMBER)
        ),
        "NUMBER_COOLING": calls("JoinConversation", waiting, opened(BOB_NUMBER, CAROL_NUMBER), end),
        "PARTICIPANT_OPTED_OUT": calls(
            "JoinConversation", waiting, called("OptOut", phone_number=BOB_NUMBER)
        ),
        "REQUEST_ID_REUSED": calls(
            "JoinConversation", waiting, JOINED, code="A2A2A2", request_id="r"
        ),
        "ANSWER_FORGOTTEN": calls(
            "JoinConversation", waiting, JOINED, called("ErasePerson"), request_id="r"
        ),
        "TOO_MANY_RACES": calls("JoinConversation", waiting, contended),
    },
    "EndConversation": of_change("EndConversation", active)
    | after_erasure("EndConversation", active)
    | {
        "CONVERSATION_ENDED": calls("EndConversation", active, end),
        "PARTICIPANT_NOT_FOUND": calls("EndConversation", active, participant_id="nobody"),
    },
    "SendMessage": of_change("SendMessage", active)
    | after_erasure("SendMessage", active)
    | {
        "CONVERSATION_ENDED": calls("SendMessage", active, end),
        "CONVERSATION_NOT_ACTIVE": calls("SendMessage", waiting),
        "PARTICIPANT_NOT_FOUND": calls("SendMessage", active, participant_id="nobody"),
        "CONVERSATION_PAUSED": calls(
            "SendMessage",
            called("UpdatePool", settings=REFUSING, update_mask=FieldMask(paths=["pause_policy"])),
            active,
            pause,
            as_first,
        ),
        "TOO_MANY_HELD": calls("SendMessage", active, pause, hold_limit_reached, as_first),
    },
    "PauseConversation": of_change("PauseConversation", active)
    | after_erasure("PauseConversation", active)
    | {
        "CONVERSATION_ENDED": calls("PauseConversation", active, end),
        "CONVERSATION_NOT_ACTIVE": calls("PauseConversation", waiting),
        "CONVERSATION_PAUSED": calls("PauseConversation", active, pause),
    },
    "ResumeConversation": of_change("ResumeConversation", active, pause)
    | after_erasure("ResumeConversation", active, pause)
    | {
        "CONVERSATION_ENDED": calls("ResumeConversation", active, end),
        "CONVERSATION_NOT_PAUSED": calls("ResumeConversation", active),
    },
    "ReopenConversation": of_change("ReopenConversation", active, end)
    | {
        "CONVERSATION_NOT_REOPENABLE": calls("ReopenConversation", active),
        "UNIQUE_NAME_TAKEN": calls("ReopenConversation", unique_name_taken_again),
        "PARTICIPANT_OPTED_OUT": calls("ReopenConversation", active, end, called("OptOut")),
    },
    "GetConversation": of_read("GetConversation"),
    "ListMessages": of_read("ListMessages"),
    "GetTimeline": of_read("GetTimeline"),
    "ListConversations": {
        "INVALID_ARGUMENT": calls("ListConversations", page_size=-1),
        "POOL_NOT_FOUND": calls("ListConversations", pool="none"),
    },
    "WatchEvents": {
        "INVALID_ARGUMENT": calls("WatchEvents", cursor="yesterday"),
        "POOL_NOT_FOUND": calls("WatchEvents", pool="none"),
        "CURSOR_EXPIRED": calls("WatchEvents", active, end, trimmed_cursor),
        "TOO_MANY_WATCHERS": watch_beyond_the_limit,
        "WATCHER_TOO_SLOW": watch_without_reading,
    },
}
