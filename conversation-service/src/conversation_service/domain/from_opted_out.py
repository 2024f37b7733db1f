"""Texts of a person who has opted out: nothing is sent to them until they opt in again."""

from conversation_service.domain.change import Change
from conversation_service.domain.commands import Kind
from conversation_service.domain.conversation import EndReason
from conversation_service.domain.endings import end
from conversation_service.domain.facts import Facts
from conversation_service.domain.from_stranger import from_stranger
from conversation_service.domain.inbound import Inbound
from conversation_service.domain.opting import opt_in, opted_in_first


def from_opted_out(facts: Facts, text: Inbound) -> Change:
    """START opts in and starts, YES and UNSTOP opt in; anything else is answered by nothing."""
    match text.command.kind:
        case Kind.START if facts.live(text.line) is None:
            return opted_in_first(from_stranger(facts, text), text)
        case Kind.START | Kind.YES | Kind.OPT_IN:
            return opt_in(facts, text)
        case _:
            return _leave(facts, text)


def _leave(facts: Facts, text: Inbound) -> Change:
    """A conversation that was begun while they opted out is over."""
    conversation = facts.live(text.line)
    if conversation is None:
        return Change()
    return end(facts, conversation, EndReason.OPTED_OUT, text.sender, farewell=())
