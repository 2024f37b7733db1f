"""The stored form of a conversation: packed, as there are many of them.

Version, state and number of participants share the first byte; a byte says which times are set.
Then come the phone numbers, when it was created (ms), when it is due and the set times, both in ms
after that. The rest is a JSON list.
"""

import json
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
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

# A phone number has at most 15 digits.
_NUMBER_BYTES = 7

_TIME_BYTES = 6

# What most conversations have; values equal to these are left out at the end of the list.
_DEFAULTS: tuple[Any, ...] = (
    ["", "", -1, 0],
    None,
    "",
    "",
    [[], []],
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
        [*loop.last, loop.speaker, loop.repeats],
        conversation.end_reason.value if conversation.end_reason else None,
        conversation.end_note,
        conversation.unique_name,
        [list(held) for held in conversation.held],
        _since(created, conversation.join_request_time),
        dict(conversation.labels),
        _FLAGS.index(conversation.opt_out_hints),
        list(conversation.consent_references),
    ]
    people = conversation.participants
    numbers = (conversation.masked_number, *(person.phone_number for person in people))
    times = [getattr(conversation, name) for name in _TIMES]
    first = VERSION << 4 | (len(people) - 1) << 3 | _STATES.index(conversation.state)
    are_set = sum(1 << index for index, time in enumerate(times) if time is not None)
    spans = (to_ms(time) - created for time in (conversation.due_time, *times) if time is not None)
    return b"".join(
        (
            bytes((first, are_set)),
            *(int(number.removeprefix("+")).to_bytes(_NUMBER_BYTES) for number in numbers),
            created.to_bytes(_TIME_BYTES),
            *(span.to_bytes(_TIME_BYTES, signed=True) for span in spans),
            dumps([conversation.code, *_without_defaults(optional)]),
        )
    )


def decode_conversation(
    stored: bytes, *, conversation_id: str, pool: str, etag: str, person: PersonByNumber
) -> Conversation:
    """The conversation in a stored form."""
    unread = BytesIO(stored)
    first, are_set = unread.read(2)
    number, *numbers = [
        f"+{int.from_bytes(unread.read(_NUMBER_BYTES))}" for _ in range(2 + (first >> 3 & 1))
    ]
    created = int.from_bytes(unread.read(_TIME_BYTES))
    due, *times = [
        from_ms(created + int.from_bytes(unread.read(_TIME_BYTES), signed=True))
        for _ in range(1 + are_set.bit_count())
    ]
    names = (name for index, name in enumerate(_TIMES) if are_set >> index & 1)
    set_times: dict[str, Any] = dict(zip(names, times, strict=True))
    code, *given = json.loads(unread.read())
    optional = [*given, *_DEFAULTS[len(given) :]]
    loop, reason, note, name, held, asked, labels, hints, references = optional
    held_first, held_second = held
    first_digest, second_digest, speaker, repeats = loop
    first_reference, second_reference = references
    return Conversation(
        conversation_id=conversation_id,
        pool=pool,
        masked_number=number,
        state=_STATES[first & 7],
        etag=etag,
        code=code,
        participants=tuple(map(person, numbers)),
        create_time=from_ms(created),
        due_time=due,
        end_reason=EndReason(reason) if reason else None,
        end_note=note,
        unique_name=name,
        labels=labels,
        held=(tuple(held_first), tuple(held_second)),
        loop_detector=LoopDetector((first_digest, second_digest), speaker, repeats),
        join_request_time=_after(created, asked),
        opt_out_hints=_FLAGS[hints],
        consent_references=(first_reference, second_reference),
        **set_times,
    )


def dumps(value: object) -> bytes:
    """JSON without a needless byte."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


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
