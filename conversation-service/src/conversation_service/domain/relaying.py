"""How words get from one participant to the other, or why they do not."""

from collections.abc import Sequence
from dataclasses import replace

from conversation_service.domain.change import Change, HeldText
from conversation_service.domain.conversation import Conversation
from conversation_service.domain.events import Event, EventType, Rule
from conversation_service.domain.facts import Facts, Said
from conversation_service.domain.inbound import Inbound, not_relayed
from conversation_service.domain.outcomes import answer_to, change_of, told
from conversation_service.domain.phone import Person
from conversation_service.domain.pool import PausePolicy
from conversation_service.domain.texts import Template
from conversation_service.domain.transitions import held, talked

# Far more than two people say while somebody has stopped them, and little enough to keep.
HELD_LIMIT = 50


def relay_text(facts: Facts, text: Inbound, active: Conversation) -> Change:
    """Passes a text on, holds it while paused, or tells its sender why neither is done."""
    rule = _why_not(facts, text, active)
    if rule is not None:
        return _not_passed_on(facts, text, active, rule)
    if active.pause_time is not None:
        return _hold(facts, text, active)
    exchange = active.exchange.said(
        active.position(text.sender), text.body, facts.now, active.last_message_time
    )
    if exchange.is_loop:
        return _not_passed_on(facts, text, active, Rule.LOOP)
    after = talked(facts, active, exchange)
    said = words_of(active, text.sender.participant_id, text.body)
    if not text.has_attachments:
        return change_of(facts, active, after, [said])
    answer = answer_to(facts, text.sender, Template.NO_ATTACHMENTS)
    return replace(change_of(facts, active, after, [said, *answer.said]), conduct=answer.conduct)


def words_of(active: Conversation, author_id: str, body: str) -> Said:
    """Words of one participant to the other."""
    [receiver] = (one for one in active.participants if one.participant_id != author_id)
    return Said(receiver, body, author_id=author_id)


def hold(
    facts: Facts, active: Conversation, author: Person, body: str, said: Sequence[Said] = ()
) -> Change:
    """Keeps words of a participant for the moment it goes on; `said` tells people of that."""
    name = active.conversation_id
    after = talked(facts, held(active, author), active.exchange)
    event = Event(EventType.MESSAGE_HELD, name, author.participant_id, facts.change_id)
    kept = HeldText(author.participant_id, body)
    return replace(change_of(facts, active, after, said, [event]), held=(kept,))


def may_hold(facts: Facts, conversation: Conversation) -> Rule | None:
    """Why a paused conversation does not keep another text, if it does not."""
    if facts.pool.settings.pause_policy is PausePolicy.REFUSE:
        return Rule.PAUSED
    return Rule.TOO_MANY_HELD if sum(conversation.held) >= HELD_LIMIT else None


def _why_not(facts: Facts, text: Inbound, active: Conversation) -> Rule | None:
    if text.body.strip() == "":
        return Rule.ATTACHMENTS_ONLY if text.has_attachments else Rule.EMPTY
    return may_hold(facts, active) if active.pause_time is not None else None


_TOLD = {
    Rule.EMPTY: Template.EMPTY,
    Rule.ATTACHMENTS_ONLY: Template.NO_ATTACHMENTS,
    Rule.LOOP: Template.LOOP_STOPPED,
    Rule.PAUSED: Template.PAUSED_REFUSED,
    Rule.TOO_MANY_HELD: Template.PAUSED_REFUSED,
}


def _not_passed_on(facts: Facts, text: Inbound, active: Conversation, rule: Rule) -> Change:
    event = not_relayed(facts, text, active.conversation_id, rule)
    answer = answer_to(facts, text.sender, _TOLD[rule])
    return replace(told(facts, active, answer.said, [event]), conduct=answer.conduct)


def _hold(facts: Facts, text: Inbound, active: Conversation) -> Change:
    if active.held[active.position(text.sender)] and not text.has_attachments:
        # They have been told with the first one.
        return hold(facts, active, text.sender, text.body)
    kept = Template.NO_ATTACHMENTS if text.has_attachments else Template.PAUSED_HELD
    answer = answer_to(facts, text.sender, kept)
    change = hold(facts, active, text.sender, text.body, answer.said)
    return replace(change, conduct=answer.conduct)
