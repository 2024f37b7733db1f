"""Provokes each documented error of the services for pools, people, dead letters, keys, media."""

import pytest
from contract.conversation.errors.error_catalog.common import (
    NEW_NUMBER,
    UNKNOWN_NUMBER,
    Provocation,
    State,
    active,
    called,
    calls,
    contended,
    messaging_down,
)
from google.protobuf.field_mask_pb2 import FieldMask

from conversation_service.domain.commands.operator.pools import NUMBERS_LIMIT
from support.conversation_service import RunningService
from support.conversations import BOB_NUMBER, MASKED
from support.dead_letters import damaged, dead_letters

OPERATOR, LANGUAGE, NAME = (FieldMask(paths=[path]) for path in ("operator", "language", "name"))
AREA_CODES = range(212, 212 + NUMBERS_LIMIT // 100)
ALL_NUMBERS = [f"+1{area}55501{line:02}" for area in AREA_CODES for line in range(100)]


async def unreadable(service: RunningService, _: pytest.MonkeyPatch, state: State) -> None:
    """A dead letter that cannot be read."""
    await damaged(service)
    [letter] = await dead_letters(service, 1)
    state["dead_letter_id"] = letter.dead_letter_id


def of_pool_read(method: str) -> dict[str, Provocation]:
    """The errors that all reads of a pool share."""
    return {
        "INVALID_ARGUMENT": calls(method, pool="x" * 65),
        "POOL_NOT_FOUND": calls(method, pool="none"),
    }


def of_number(method: str) -> dict[str, Provocation]:
    """The errors that all changes of a pool's numbers share."""
    first = called(method, masked_number=NEW_NUMBER, request_id="r")
    return {
        "INVALID_ARGUMENT": calls(method, masked_number="2065550100"),
        "POOL_NOT_FOUND": calls(method, masked_number=NEW_NUMBER, pool="none"),
        "REQUEST_ID_REUSED": calls(
            method, called("AddNumber"), first, masked_number=MASKED, request_id="r"
        ),
        "TOO_MANY_RACES": calls(method, contended, masked_number=MASKED),
    }


def of_dead_letter(method: str) -> dict[str, Provocation]:
    """The errors that all changes of a dead letter share."""
    return {
        "INVALID_ARGUMENT": calls(method),
        "POOL_NOT_FOUND": calls(method, dead_letter_id="1-0", pool="none"),
        "DEAD_LETTER_NOT_FOUND": calls(method, dead_letter_id="1-0"),
    }


TABLE: dict[str, dict[str, Provocation]] = {
    "CreatePool": {
        "INVALID_ARGUMENT": calls("CreatePool", name="Taxis"),
        "POOL_EXISTS": calls("CreatePool", called("CreatePool")),
        "NUMBER_TAKEN": calls("CreatePool", masked_numbers=[MASKED]),
        "REQUEST_ID_REUSED": calls(
            "CreatePool",
            called("CreatePool", request_id="r"),
            masked_numbers=[NEW_NUMBER],
            request_id="r",
        ),
        "TOO_MANY_RACES": calls("CreatePool", contended),
    },
    "GetPool": of_pool_read("GetPool"),
    "ListPools": {"INVALID_ARGUMENT": calls("ListPools", page_token="second")},
    "UpdatePool": {
        "INVALID_ARGUMENT": calls("UpdatePool", update_mask=NAME),
        "POOL_NOT_FOUND": calls("UpdatePool", update_mask=OPERATOR, pool="none"),
        "REQUEST_ID_REUSED": calls(
            "UpdatePool",
            called("UpdatePool", update_mask=OPERATOR, request_id="r"),
            update_mask=LANGUAGE,
            request_id="r",
        ),
        "TOO_MANY_RACES": calls("UpdatePool", contended, update_mask=OPERATOR),
    },
    "AddNumber": of_number("AddNumber")
    | {
        "NUMBER_TAKEN": calls("AddNumber", called("CreatePool", masked_numbers=[NEW_NUMBER])),
        "POOL_FULL": calls(
            "AddNumber", called("CreatePool", masked_numbers=ALL_NUMBERS), pool="taxis"
        ),
    },
    "ListNumbers": of_pool_read("ListNumbers"),
    "DrainNumber": of_number("DrainNumber")
    | {"UNKNOWN_MASKED_NUMBER": calls("DrainNumber", masked_number=UNKNOWN_NUMBER)},
    "RemoveNumber": of_number("RemoveNumber")
    | {
        "UNKNOWN_MASKED_NUMBER": calls("RemoveNumber", masked_number=UNKNOWN_NUMBER),
        "NUMBER_IN_USE": calls("RemoveNumber", active),
    },
    "SyncNumbers": of_pool_read("SyncNumbers")
    | {
        "CARRIER_ACCOUNT_REFUSED": calls("SyncNumbers"),
        "BACKEND_UNAVAILABLE": calls("SyncNumbers", messaging_down),
    },
    "GetPoolAdvice": of_pool_read("GetPoolAdvice"),
    "OptOut": {
        "INVALID_ARGUMENT": calls("OptOut", phone_number=""),
        "REQUEST_ID_REUSED": calls(
            "OptOut",
            called("OptIn", request_id="r", phone_number=BOB_NUMBER),
            phone_number=BOB_NUMBER,
            request_id="r",
        ),
        "TOO_MANY_RACES": calls("OptOut", active, contended),
    },
    "OptIn": {
        "INVALID_ARGUMENT": calls("OptIn"),
        "REQUEST_ID_REUSED": calls(
            "OptIn",
            called("OptOut", request_id="r", phone_number=BOB_NUMBER),
            phone_number=BOB_NUMBER,
            request_id="r",
        ),
    },
    "GetOptOut": {"INVALID_ARGUMENT": calls("GetOptOut")},
    "ErasePerson": {
        "INVALID_ARGUMENT": calls("ErasePerson", phone_number="1"),
        "REQUEST_ID_REUSED": calls(
            "ErasePerson",
            called("ErasePerson", request_id="r"),
            phone_number=BOB_NUMBER,
            request_id="r",
        ),
        "TOO_MANY_RACES": calls("ErasePerson", active, contended),
    },
    "GetErasure": {
        "INVALID_ARGUMENT": calls("GetErasure"),
        "ERASURE_NOT_FOUND": calls("GetErasure", erasure_id="none"),
    },
    "ListDeadLetters": {
        "INVALID_ARGUMENT": calls("ListDeadLetters", page_token="x"),
        "POOL_NOT_FOUND": calls("ListDeadLetters", pool="none"),
    },
    "ReplayDeadLetter": of_dead_letter("ReplayDeadLetter")
    | {"DEAD_LETTER_UNREADABLE": calls("ReplayDeadLetter", unreadable)},
    "DropDeadLetter": of_dead_letter("DropDeadLetter"),
    "RotateKeys": {"INVALID_ARGUMENT": calls("RotateKeys", page_token="x")},
    "GetMedia": {
        "INVALID_ARGUMENT": calls("GetMedia"),
        "MEDIA_NOT_FOUND": calls("GetMedia", media_token="none"),
        "BACKEND_UNAVAILABLE": calls("GetMedia", messaging_down, media_token="none"),
    },
}
