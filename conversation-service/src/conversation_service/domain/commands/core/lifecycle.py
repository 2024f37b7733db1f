"""How a conversation moves: each function returns it as it is afterwards."""

from dataclasses import replace
from datetime import datetime

from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.participants import Person, Route


def started(facts: Snapshot, line: Route, unique_name: str = "") -> Conversation:
    """A new conversation in which one person waits."""
    code_end = facts.now + facts.pool.settings.code_lifetime
    return Conversation(
        conversation_id=facts.change_id,
        pool=facts.pool.name,
        masked_number=line.masked_number,
        state=State.WAITING,
        etag=facts.change_id,
        code=facts.fresh_code,
        participants=(line.person,),
        create_time=facts.now,
        due_time=code_end,
        idle_end_time=code_end,
        unique_name=unique_name,
    )


def opened(
    facts: Snapshot, masked_number: str, people: tuple[Person, ...], unique_name: str = ""
) -> Conversation:
    """A new conversation of two people who are both in it from the start."""
    first = Route(masked_number, people[0])
    return joined(facts, replace(started(facts, first, unique_name), code=""), people[1])


def joined(
    facts: Snapshot,
    conversation: Conversation,
    joiner: Person,
    ask_time: datetime | None = None,
) -> Conversation:
    """The second person is in; `ask_time` if they had asked well before."""
    people = (*conversation.participants, joiner)
    there = replace(conversation, participants=people, join_time=facts.now, ask_time=ask_time)
    return _active(facts, there)


def message_passed(
    facts: Snapshot, conversation: Conversation, exchange: LoopDetector
) -> Conversation:
    """A text was relayed or held."""
    idle_end = facts.now + facts.pool.settings.idle_lifetime
    end = min(idle_end, conversation.latest_end_time or idle_end)
    return replace(
        conversation,
        etag=facts.change_id,
        exchange=exchange,
        last_message_time=facts.now,
        idle_end_time=idle_end,
        due_time=_due(facts, end, conversation.warned_end_time),
    )


def message_held(conversation: Conversation, author: Person) -> Conversation:
    """One more of the author's texts is held."""
    first, second = conversation.held
    at_first = conversation.position(author) == 0
    return replace(conversation, held=(first + 1, second) if at_first else (first, second + 1))


def paused(facts: Snapshot, conversation: Conversation) -> Conversation:
    """Nothing is passed on until it is resumed."""
    return replace(conversation, etag=facts.change_id, pause_time=facts.now)


def resumed(facts: Snapshot, conversation: Conversation) -> Conversation:
    """It goes on; what was held is on its way."""
    after = replace(conversation, pause_time=None, held=(0, 0))
    return message_passed(facts, after, conversation.exchange)


def reported(facts: Snapshot, conversation: Conversation) -> Conversation:
    """A participant told the operator about it."""
    return replace(conversation, etag=facts.change_id, report_time=facts.now)


def warned(facts: Snapshot, conversation: Conversation) -> Conversation:
    """Both have been told of the end that comes next."""
    end = conversation.next_end_time or conversation.due_time
    return replace(conversation, etag=facts.change_id, warned_end_time=end, due_time=end)


def reopened(facts: Snapshot, conversation: Conversation) -> Conversation:
    """It goes on as if it had been joined just now."""
    return _active(facts, replace(conversation, end_time=None, end_reason=None, end_note=""))


def ended(
    facts: Snapshot, conversation: Conversation, reason: EndReason, note: str = ""
) -> Conversation:
    """It is over, and kept for a while for staff to look up."""
    return replace(
        conversation,
        state=State.ENDED,
        etag=facts.change_id,
        end_time=facts.now,
        end_reason=reason,
        end_note=note,
        pause_time=None,
        held=(0, 0),
        due_time=facts.now + facts.pool.settings.kept_after_end,
    )


def _due(facts: Snapshot, end: datetime, warned_end_time: datetime | None) -> datetime:
    """When time next changes something: both are to be warned of the end, or it comes.

    A warning that is overdue already is due now, and not left out.
    """
    lead = facts.pool.settings.warning_lead
    return max(facts.now, end - lead) if lead and warned_end_time != end else end


def _active(facts: Snapshot, conversation: Conversation) -> Conversation:
    settings = facts.pool.settings
    idle_end, latest = facts.now + settings.idle_lifetime, facts.now + settings.lifetime
    return replace(
        conversation,
        state=State.ACTIVE,
        etag=facts.change_id,
        idle_end_time=idle_end,
        latest_end_time=latest,
        warned_end_time=None,
        due_time=_due(facts, min(idle_end, latest), None),
        exchange=LoopDetector(),
    )
