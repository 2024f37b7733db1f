"""How each refusal of creating, joining and changing a conversation comes about."""

from collections.abc import Callable
from typing import Protocol
from uuid import uuid4

from conformance.kit.numbers import DRAINING_NUMBER, MASKED_NUMBERS, NOBODYS_NUMBER
from conformance.kit.own_pool import FULL_POOL, OwnPool, Talk, participants
from conformance.refusals.made import NO_POOL, NOTHING, Maker, Table, carried_out
from conformance.refusals.requests import (
    NUMBER,
    code,
    create,
    end,
    join,
    pause,
    reopen,
    resume,
    send,
    update,
)
from google.protobuf.message import Message

from maskline.conversation.v1 import conversation_pb2 as pb

HELD_LIMIT = 50


def creating_too_soon(own: OwnPool) -> Message:
    [person, _] = own.ended(masked_number=NUMBER).people
    return create(own, person, masked_number=NUMBER)


def creating_on_a_number_in_use(own: OwnPool) -> Message:
    [person, _] = own.active(masked_number=NUMBER).people
    return create(own, person, masked_number=NUMBER)


def creating_beyond_all_numbers(own: OwnPool) -> Message:
    person = own.person()
    for number in MASKED_NUMBERS:
        own.active(person, masked_number=number)
    return create(own, person)


def creating_with_a_name_in_use(own: OwnPool) -> Message:
    name = own.active(unique_name=f"order {uuid4()}").conversation.unique_name
    return create(own, unique_name=name)


def creating_for_somebody_opted_out(own: OwnPool) -> Message:
    person = own.person()
    own.opt_out(person)
    return create(own, person)


def stopping(own: OwnPool, person: str, number: str = NUMBER) -> None:
    """The person opts out on this number, and in again on another one."""
    own.text(person, number, "stop")
    another = next(masked for masked in MASKED_NUMBERS if masked != number)
    own.text(person, another, "unstop")


def creating_where_the_carrier_blocks(own: OwnPool) -> Message:
    person = own.person()
    stopping(own, person)
    return create(own, person, masked_number=NUMBER)


def creating_forgotten(own: OwnPool) -> Message:
    person = own.person()
    request = carried_out(own, create(own, person))
    own.erase(person)
    return request


def creating_for_a_blocked_pair(own: OwnPool) -> Message:
    talk = own.active()
    own.text(talk.people[0], talk.conversation.masked_number, "block")
    return pb.CreateConversationRequest(participants=participants(*talk.people))


def parted(own: OwnPool) -> Talk:
    """A conversation that the first participant has ended."""
    talk = own.active()
    own.text(talk.people[0], talk.conversation.masked_number, "end")
    return talk


def creating_for_two_who_parted(own: OwnPool) -> Message:
    return pb.CreateConversationRequest(participants=participants(*parted(own).people))


def joining_while_in_another(own: OwnPool) -> Message:
    [person, _] = own.active(masked_number=NUMBER).people
    return join(own, code(own), phone_number=person)


def joining_too_soon_after_another(own: OwnPool) -> Message:
    [person, _] = own.ended(masked_number=NUMBER).people
    return join(own, code(own), phone_number=person)


def joining_opted_out(own: OwnPool) -> Message:
    person = own.person()
    own.opt_out(person)
    return join(own, code(own), phone_number=person)


def joining_who_parted(own: OwnPool) -> Message:
    first, second = parted(own).people
    return join(own, code(own, second), phone_number=first)


def joining_where_the_carrier_blocks(own: OwnPool) -> Message:
    person = own.person()
    stopping(own, person)
    return join(own, code(own), phone_number=person)


def joining_forgotten(own: OwnPool) -> Message:
    person = own.person()
    request = carried_out(own, join(own, code(own), phone_number=person))
    own.erase(person)
    return request


def updating_to_a_name_in_use(own: OwnPool) -> Message:
    name = own.active(unique_name=f"order {uuid4()}").conversation.unique_name
    return update(own.active().conversation_id, "unique_name", unique_name=name)


class Change(Protocol):
    """A request that changes this conversation; other fields so that it succeeds."""

    def __call__(self, conversation_id: str, **fields: str) -> Message: ...


def changing(change: Change, ready: Callable[[OwnPool], Talk]) -> dict[str, Maker]:
    """What all changes have in common; that of a `ready` conversation succeeds."""

    def reused(own: OwnPool) -> Message:
        another = ready(own).conversation_id
        return carried_out(own, change(ready(own).conversation_id), conversation_id=another)

    def forgotten(own: OwnPool) -> Message:
        talk = ready(own)
        request = carried_out(own, change(talk.conversation_id))
        own.erase(talk.people[0])
        return request

    return {
        "INVALID_ARGUMENT": lambda own: change(""),
        "POOL_NOT_FOUND": lambda own: change(NOTHING, pool_id=NO_POOL),
        "CONVERSATION_NOT_FOUND": lambda own: change(NOTHING),
        "CONVERSATION_ENDED": lambda own: change(own.ended().conversation_id),
        "REQUEST_ID_REUSED": reused,
        "RESPONSE_EXPIRED": forgotten,
    }


def sending_while_paused(own: OwnPool) -> Message:
    talk = own.paused(FULL_POOL)
    return send(talk.conversation_id, participant_id=talk.participant_id, pool_id=FULL_POOL)


def sending_more_than_is_held(own: OwnPool) -> Message:
    talk = own.paused()
    for _ in range(HELD_LIMIT):
        own.invoke(send(talk.conversation_id, participant_id=talk.participant_id))
    return send(talk.conversation_id, participant_id=talk.participant_id)


def of_waiting(change: Change) -> Maker:
    return lambda own: change(own.waiting().conversation.conversation_id)


def reopening_what_nobody_joined(own: OwnPool) -> Message:
    waiting = own.waiting().conversation.conversation_id
    own.end(waiting)
    return reopen(waiting)


def reopening_a_name_in_use(own: OwnPool) -> Message:
    name = f"order {uuid4()}"
    talk = own.ended(unique_name=name)
    own.active(unique_name=name)
    return reopen(talk.conversation_id)


def reopening_with_somebody_opted_out(own: OwnPool) -> Message:
    talk = own.ended()
    own.opt_out(talk.people[0])
    return reopen(talk.conversation_id)


def reopening_where_the_carrier_blocks(own: OwnPool) -> Message:
    talk = own.ended()
    stopping(own, talk.people[0], talk.conversation.masked_number)
    return reopen(talk.conversation_id)


def _without(table: dict[str, Maker], *reasons: str) -> dict[str, Maker]:
    return {reason: maker for reason, maker in table.items() if reason not in reasons}


TABLE: Table = {
    "CreateConversation": {
        "INVALID_ARGUMENT": lambda own: create(own, masked_number="3905550100"),
        "POOL_NOT_FOUND": lambda own: create(own, pool_id=NO_POOL),
        "MASKED_NUMBER_NOT_FOUND": lambda own: create(own, masked_number=NOBODYS_NUMBER),
        "MASKED_NUMBER_NOT_ACTIVE": lambda own: create(own, masked_number=DRAINING_NUMBER),
        "MASKED_NUMBER_BLOCKED_AT_CARRIER": creating_where_the_carrier_blocks,
        "MASKED_NUMBER_COOLING": creating_too_soon,
        "ALREADY_IN_CONVERSATION": creating_on_a_number_in_use,
        "NO_NUMBER_AVAILABLE": creating_beyond_all_numbers,
        "UNIQUE_NAME_ALREADY_EXISTS": creating_with_a_name_in_use,
        "PARTICIPANT_OPTED_OUT": creating_for_somebody_opted_out,
        "REQUEST_ID_REUSED": lambda own: carried_out(own, create(own), unique_name="another"),
        "RESPONSE_EXPIRED": creating_forgotten,
        "PAIR_BLOCKED": creating_for_a_blocked_pair,
        "CONTACT_LIMIT_REACHED": creating_for_two_who_parted,
    },
    "JoinConversation": {
        "INVALID_ARGUMENT": lambda own: join(own, ""),
        "POOL_NOT_FOUND": lambda own: join(own, pool_id=NO_POOL),
        "JOIN_CODE_INVALID": join,
        "ALREADY_IN_CONVERSATION": joining_while_in_another,
        "MASKED_NUMBER_BLOCKED_AT_CARRIER": joining_where_the_carrier_blocks,
        "MASKED_NUMBER_COOLING": joining_too_soon_after_another,
        "PARTICIPANT_OPTED_OUT": joining_opted_out,
        "CONTACT_LIMIT_REACHED": joining_who_parted,
        "REQUEST_ID_REUSED": lambda own: carried_out(own, join(own, code(own)), join_code="A2A2A2"),
        "RESPONSE_EXPIRED": joining_forgotten,
    },
    "UpdateConversation": changing(update, OwnPool.active)
    | {
        "CONVERSATION_NOT_ACTIVE": lambda own: update(
            own.waiting().conversation.conversation_id, "max_end_time"
        ),
        "UNIQUE_NAME_ALREADY_EXISTS": updating_to_a_name_in_use,
        "ETAG_MISMATCH": lambda own: update(own.active().conversation_id, etag=NOTHING),
    },
    "EndConversation": changing(end, OwnPool.active)
    | {
        "ETAG_MISMATCH": lambda own: end(own.active().conversation_id, etag=NOTHING),
        "PARTICIPANT_NOT_FOUND": lambda own: end(
            own.active().conversation_id, participant_id=NOTHING
        ),
    },
    "SendMessage": changing(send, OwnPool.active)
    | {
        "PARTICIPANT_NOT_FOUND": lambda own: send(
            own.active().conversation_id, participant_id=NOTHING
        ),
        "CONVERSATION_NOT_ACTIVE": of_waiting(send),
        "CONVERSATION_PAUSED": sending_while_paused,
        "HELD_MESSAGE_LIMIT_REACHED": sending_more_than_is_held,
    },
    "PauseConversation": changing(pause, OwnPool.active)
    | {
        "CONVERSATION_NOT_ACTIVE": of_waiting(pause),
        "CONVERSATION_PAUSED": lambda own: pause(own.paused().conversation_id),
    },
    "ResumeConversation": changing(resume, OwnPool.paused)
    | {"CONVERSATION_NOT_PAUSED": lambda own: resume(own.active().conversation_id)},
    "ReopenConversation": _without(
        changing(reopen, OwnPool.ended), "CONVERSATION_ENDED", "RESPONSE_EXPIRED"
    )
    | {
        "CONVERSATION_NOT_REOPENABLE": reopening_what_nobody_joined,
        "UNIQUE_NAME_ALREADY_EXISTS": reopening_a_name_in_use,
        "PARTICIPANT_OPTED_OUT": reopening_with_somebody_opted_out,
        "CONTACT_LIMIT_REACHED": lambda own: reopen(parted(own).conversation_id),
        "MASKED_NUMBER_BLOCKED_AT_CARRIER": reopening_where_the_carrier_blocks,
    },
}
