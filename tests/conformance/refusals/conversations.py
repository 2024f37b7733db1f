"""How each refusal of creating, joining and changing a conversation comes about."""

from collections.abc import Callable
from typing import Protocol
from uuid import uuid4

from conformance.kit.numbers import DRAINING_NUMBER, MASKED_NUMBERS, NOBODYS_NUMBER
from conformance.kit.own_pool import FULL_POOL, OwnPool, Talk, participants
from conformance.refusals.made import NO_POOL, NOTHING, Maker, Table, carried_out, with_fields
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2

NUMBER = MASKED_NUMBERS[0]
HELD_LIMIT = 50


def create(own: OwnPool, person: str = "", **fields: str) -> Message:
    """Of this person and another one; other fields so that it succeeds."""
    people = participants(own.person(), person or own.person())
    return with_fields(pb.CreateConversationRequest(participants=people, silent=True), fields)


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


def join(own: OwnPool, code: str = "X4X4X4", **fields: str) -> Message:
    request = pb.JoinConversationRequest(join_code=code, phone_number=own.person())
    return with_fields(request, fields)


def code(own: OwnPool, person: str = "") -> str:
    return own.waiting(person, NUMBER).join_code


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


def joining_forgotten(own: OwnPool) -> Message:
    person = own.person()
    request = carried_out(own, join(own, code(own), phone_number=person))
    own.erase(person)
    return request


def update(conversation_id: str, path: str = "labels", **fields: str) -> Message:
    conversation = pb.Conversation(conversation_id=conversation_id)
    request = pb.UpdateConversationRequest(
        conversation=conversation, update_mask=FieldMask(paths=[path])
    )
    return with_fields(request, fields)


def updating_to_a_name_in_use(own: OwnPool) -> Message:
    name = own.active(unique_name=f"order {uuid4()}").conversation.unique_name
    return update(own.active().conversation_id, "unique_name", unique_name=name)


class Change(Protocol):
    """A request that changes this conversation; other fields so that it succeeds."""

    def __call__(self, conversation_id: str, **fields: str) -> Message: ...


def end(conversation_id: str, **fields: str) -> Message:
    return with_fields(pb.EndConversationRequest(conversation_id=conversation_id), fields)


def send(conversation_id: str, **fields: str) -> Message:
    request = message_pb2.SendMessageRequest(conversation_id=conversation_id, body="hello")
    if "participant_id" not in fields:
        request.system.SetInParent()
    return with_fields(request, fields)


def pause(conversation_id: str, **fields: str) -> Message:
    return with_fields(pb.PauseConversationRequest(conversation_id=conversation_id), fields)


def resume(conversation_id: str, **fields: str) -> Message:
    return with_fields(pb.ResumeConversationRequest(conversation_id=conversation_id), fields)


def reopen(conversation_id: str, **fields: str) -> Message:
    return with_fields(pb.ReopenConversationRequest(conversation_id=conversation_id), fields)


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


def _without(table: dict[str, Maker], *reasons: str) -> dict[str, Maker]:
    return {reason: maker for reason, maker in table.items() if reason not in reasons}


TABLE: Table = {
    "CreateConversation": {
        "INVALID_ARGUMENT": lambda own: create(own, masked_number="3905550100"),
        "POOL_NOT_FOUND": lambda own: create(own, pool_id=NO_POOL),
        "MASKED_NUMBER_NOT_FOUND": lambda own: create(own, masked_number=NOBODYS_NUMBER),
        "MASKED_NUMBER_NOT_ACTIVE": lambda own: create(own, masked_number=DRAINING_NUMBER),
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
    },
}
