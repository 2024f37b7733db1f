"""Conversations as they are stored: JSON, short, as there are many of them.

The first item is the version of the form; readers understand every older one.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.participants import Person
from conversation_service.store.keyspace.timestamps import (
    from_ms,
    optional_ms,
    optional_time,
    to_ms,
)

VERSION = 3

# By their place, for good.
_STATES = (State.WAITING, State.ACTIVE, State.ENDED)

_TIMES = (
    "join_time",
    "last_message_time",
    "idle_end_time",
    "latest_end_time",
    "warned_end_time",
    "pause_time",
    "report_time",
    "end_time",
)

# Nothing said for long, nothing held, no note: most conversations. Not stored at the end of a list.
_DEFAULTS = (None,) * len(_TIMES) + (None, "", "", [0, 0], ["", "", -1, 0], None)

# A person of the pool by their number.
Known = Callable[[str], Person]


def encode_conversation(conversation: Conversation) -> bytes:
    """A conversation as stored; its id, pool and etag stand elsewhere."""
    created = to_ms(conversation.create_time)
    exchange = conversation.exchange
    optional = [
        *(_since(created, getattr(conversation, name)) for name in _TIMES),
        conversation.end_reason.value if conversation.end_reason else None,
        conversation.end_note,
        conversation.unique_name,
        list(conversation.held),
        [*exchange.last, exchange.speaker, exchange.repeats],
        _since(created, conversation.ask_time),
    ]
    return dumps(
        [
            VERSION,
            _digits(conversation.masked_number),
            _STATES.index(conversation.state),
            conversation.code,
            [_digits(person.phone_number) for person in conversation.participants],
            created,
            to_ms(conversation.due_time) - created,
            *_without_defaults(optional),
        ]
    )


def decode_conversation(
    stored: bytes, *, conversation_id: str, pool: str, etag: str, known: Known
) -> Conversation:
    """A conversation as it was stored."""
    found = json.loads(stored)
    if isinstance(found, dict):
        return _from_version_1(found, known)
    _, number, state, code, people, created, due, *given = found
    optional = [*given, *_DEFAULTS[len(given) :]]
    times: dict[str, Any] = {
        name: _after(created, since) for name, since in zip(_TIMES, optional, strict=False)
    }
    reason, note, name, held, (first, second, speaker, repeats), asked = optional[len(_TIMES) :]
    return Conversation(
        conversation_id=conversation_id,
        pool=pool,
        masked_number=_number(number),
        state=State(state) if isinstance(state, str) else _STATES[state],
        etag=etag,
        code=code,
        participants=tuple(known(_number(one)) for one in people),
        create_time=from_ms(created),
        due_time=from_ms(created + due),
        end_reason=EndReason(reason) if reason else None,
        end_note=note,
        unique_name=name,
        held=(held[0], held[1]),
        exchange=LoopDetector((first, second), speaker, repeats),
        ask_time=_after(created, asked),
        **times,
    )


def dumps(value: object) -> bytes:
    """JSON without a needless byte."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _digits(number: str) -> int:
    return int(number.removeprefix("+"))


def _number(stored: str | int) -> str:
    """Version 2 had it as it is written."""
    return stored if isinstance(stored, str) else f"+{stored}"


def _without_defaults(values: list[Any]) -> list[Any]:
    last = len(values)
    while last and values[last - 1] == _DEFAULTS[last - 1]:
        last -= 1
    return values[:last]


def _since(created: int, time: datetime | None) -> int | None:
    ms = optional_ms(time)
    return None if ms is None else ms - created


def _after(created: int, since: int | None) -> datetime | None:
    return optional_time(None if since is None else created + since)


def _from_version_1(found: dict[str, Any], known: Known) -> Conversation:
    """Version 1 had one time at which something is due, and no end but by idling."""
    state, due = State(found["state"]), from_ms(found["due"])
    numbers = (number for number, _ in cast("list[list[str]]", found["people"]))
    return Conversation(
        conversation_id=found["id"],
        pool=found["pool"],
        masked_number=found["number"],
        state=state,
        etag=found["etag"],
        code=found["code"],
        participants=tuple(map(known, numbers)),
        create_time=from_ms(found["created"]),
        due_time=due,
        join_time=optional_time(found["joined"]),
        last_message_time=optional_time(found["talked"]),
        idle_end_time=None if state is State.ENDED else due,
        end_time=optional_time(found["ended"]),
        end_reason=EndReason(found["reason"]) if found["reason"] else None,
    )
