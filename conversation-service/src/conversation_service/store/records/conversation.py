"""The stored form of a conversation: a short JSON list, as there are many of them.

The first item is the version of the form.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.participants import Person
from conversation_service.store.keyspace.timestamps import (
    from_ms,
    optional_ms,
    optional_time,
    to_ms,
)

VERSION = 1

# Stored by their index: append only.
_STATES = (State.WAITING, State.ACTIVE, State.PAUSED, State.ENDED)

# Of the first participant and of the second.
_FLAGS = ((False, False), (True, False), (False, True), (True, True))

_TIMES = (
    "join_time",
    "last_message_time",
    "idle_end_time",
    "max_end_time",
    "warned_end_time",
    "pause_time",
    "report_time",
    "end_time",
)

# What most conversations have; values equal to these are left out at the end of the list.
_DEFAULTS: tuple[Any, ...] = (None,) * len(_TIMES) + (
    None,
    "",
    "",
    [[], []],
    ["", "", -1, 0],
    None,
    {},
    0,
    ["", ""],
)

# The person of the pool with a phone number.
PersonByNumber = Callable[[str], Person]


def encode_conversation(conversation: Conversation) -> bytes:
    """The stored form; its id, pool and etag are stored elsewhere."""
    created = to_ms(conversation.create_time)
    loop = conversation.loop_detector
    optional = [
        *(_since(created, getattr(conversation, name)) for name in _TIMES),
        conversation.end_reason.value if conversation.end_reason else None,
        conversation.end_note,
        conversation.unique_name,
        [list(held) for held in conversation.held],
        [*loop.last, loop.speaker, loop.repeats],
        _since(created, conversation.join_request_time),
        dict(conversation.labels),
        _FLAGS.index(conversation.opt_out_hints),
        list(conversation.consent_references),
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
    stored: bytes, *, conversation_id: str, pool: str, etag: str, person: PersonByNumber
) -> Conversation:
    """The conversation in a stored form."""
    _, number, state, code, numbers, created, due, *given = json.loads(stored)
    optional = [*given, *_DEFAULTS[len(given) :]]
    times: dict[str, Any] = {
        name: _after(created, since) for name, since in zip(_TIMES, optional, strict=False)
    }
    reason, note, name, held, loop, asked, labels, hints, references = optional[len(_TIMES) :]
    held_first, held_second = held
    first, second, speaker, repeats = loop
    first_reference, second_reference = references
    return Conversation(
        conversation_id=conversation_id,
        pool=pool,
        masked_number=f"+{number}",
        state=_STATES[state],
        etag=etag,
        code=code,
        participants=tuple(person(f"+{digits}") for digits in numbers),
        create_time=from_ms(created),
        due_time=from_ms(created + due),
        end_reason=EndReason(reason) if reason else None,
        end_note=note,
        unique_name=name,
        labels=labels,
        held=(tuple(held_first), tuple(held_second)),
        loop_detector=LoopDetector((first, second), speaker, repeats),
        join_request_time=_after(created, asked),
        opt_out_hints=_FLAGS[hints],
        consent_references=(first_reference, second_reference),
        **times,
    )


def dumps(value: object) -> bytes:
    """JSON without a needless byte."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _digits(number: str) -> int:
    return int(number.removeprefix("+"))


def _without_defaults(values: list[Any]) -> list[Any]:
    length = len(values)
    while length and values[length - 1] == _DEFAULTS[length - 1]:
        length -= 1
    return values[:length]


def _since(created: int, time: datetime | None) -> int | None:
    ms = optional_ms(time)
    return None if ms is None else ms - created


def _after(created: int, since: int | None) -> datetime | None:
    return optional_time(None if since is None else created + since)
