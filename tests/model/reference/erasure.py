"""What the erasure of a person deletes, and what stays."""

from model.people import MARK
from model.reference.lifecycle import end_all, expire
from model.reference.records import Conversation, ErasureRecord, ExpectedMessage
from model.reference.state import NO_TIME, Model

from conversation_service.domain.model.consent import OptOutSource
from support.builders.conversations import CIPHER


def erasure_id_of(source: OptOutSource, request_id: str) -> str:
    """The id of an erasure that a message or a call asks for."""
    return CIPHER.blind_index("erasure", source.value, request_id)


def erase_by_call(model: Model, person: str, erasure_id: str) -> None:
    """A call opts the person out, without a confirmation."""
    expire(model)
    model.opted_out.setdefault(person, erasure_id)
    erase(model, person, erasure_id)


def erase(model: Model, person: str, erasure_id: str) -> None:
    """Once for each id. A person who has opted in again keeps their live conversations."""
    if erasure_id in model.erasures:
        return
    opts_in = person not in model.opted_out
    if not opts_in:
        end_all(model, person)
        model.opted_out[person] = erasure_id
    erased = [
        conversation
        for conversation in model.conversations
        if person in conversation.people and not conversation.is_live
    ]
    dropped = [message for message in model.outbox if _is_dropped(message, person, erased, opts_in)]
    for message in dropped:
        model.outbox.remove(message)
        for mark in MARK.findall(message.body):
            model.accepted_bodies.pop(mark, None)
    for conversation in erased:
        _delete(model, conversation)
    for pool in model.pools.values():
        pool.introduced.discard(person)
    model.erasures[erasure_id] = ErasureRecord(model.now, len(erased), len(dropped))


def _is_dropped(
    message: ExpectedMessage, person: str, erased: list[Conversation], opts_in: bool
) -> bool:
    """Messages to the person, and the person's own in an erased conversation."""
    if message.reaches_opted_out:
        return False
    is_erased = message.conversation in erased
    if message.to == person:
        return is_erased or not opts_in
    return message.author == person and is_erased


def _delete(model: Model, conversation: Conversation) -> None:
    """For both people. The cool-off of their routes goes on."""
    pool, people = model.pools[conversation.pool], conversation.people
    model.conversations.remove(conversation)
    model.relayed[conversation.pool] -= conversation.relayed
    if len(people) < 2:
        return
    pool.last_numbers.pop(frozenset(people), None)
    assert conversation.end_time is not None
    until = conversation.end_time + pool.settings.lifecycle.cool_off
    for person in people:
        route = (conversation.pool, conversation.number, person)
        is_free = model.live(conversation.number, person) is None
        if pool.settings.lifecycle.cool_off > NO_TIME and is_free:
            model.erased_cool_offs[route] = max(until, model.erased_cool_offs.get(route, until))
