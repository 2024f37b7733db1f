"""The transitions of a conversation, as pure functions: each returns it as it is afterwards."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.participants import Person


def created(
    snapshot: Snapshot,
    masked_number: str,
    people: tuple[Person, ...],
    unique_name: str = "",
    labels: Mapping[str, str] | None = None,
) -> Conversation:
    """A new conversation: one person waits with a code, or two are in it at once."""
    code_end = snapshot.now + snapshot.pool.settings.lifecycle.join_code_lifetime
    waiting = Conversation(
        conversation_id=snapshot.change_id,
        pool=snapshot.pool.name,
        masked_number=masked_number,
        state=State.WAITING,
        etag=snapshot.change_id,
        code="" if len(people) > 1 else snapshot.new_code,
        participants=people[:1],
        create_time=snapshot.now,
        due_time=code_end,
        idle_end_time=code_end,
        unique_name=unique_name,
        labels=labels or {},
    )
    return joined(snapshot, waiting, people[1]) if len(people) > 1 else waiting


def joined(
    snapshot: Snapshot,
    conversation: Conversation,
    joiner: Person,
    join_request_time: datetime | None = None,
) -> Conversation:
    """The second person is in; `join_request_time` only if their JOIN arrived late."""
    with_joiner = replace(
        conversation,
        participants=(*conversation.participants, joiner),
        join_time=snapshot.now,
        join_request_time=join_request_time,
    )
    return _active(snapshot, with_joiner)


def renamed(
    snapshot: Snapshot, conversation: Conversation, unique_name: str, labels: Mapping[str, str]
) -> Conversation:
    """It has this unique name and these labels."""
    return replace(conversation, etag=snapshot.change_id, unique_name=unique_name, labels=labels)


def prolonged(
    snapshot: Snapshot, conversation: Conversation, max_end_time: datetime
) -> Conversation:
    """It ends at this time at the latest; a warning of an end that is no longer next is void."""
    after = replace(conversation, etag=snapshot.change_id, max_end_time=max_end_time)
    end = min(max_end_time, conversation.idle_end_time or max_end_time)
    return replace(after, due_time=_due(snapshot, end, conversation.warned_end_time))


def message_passed(
    snapshot: Snapshot, conversation: Conversation, loop_detector: LoopDetector
) -> Conversation:
    """A message was relayed or held: the idle lifetime begins again."""
    idle_end = snapshot.now + snapshot.pool.settings.lifecycle.idle_timeout
    end = min(idle_end, conversation.max_end_time or idle_end)
    return replace(
        conversation,
        etag=snapshot.change_id,
        loop_detector=loop_detector,
        last_message_time=snapshot.now,
        idle_end_time=idle_end,
        due_time=_due(snapshot, end, conversation.warned_end_time),
    )


def message_held(conversation: Conversation, author: Person, message_id: str) -> Conversation:
    """One more message of the author is held."""
    first, second = conversation.held
    if conversation.position(author) == 0:
        return replace(conversation, held=((*first, message_id), second))
    return replace(conversation, held=(first, (*second, message_id)))


def paused(snapshot: Snapshot, conversation: Conversation) -> Conversation:
    """No message is relayed until it is resumed."""
    return replace(
        conversation, state=State.PAUSED, etag=snapshot.change_id, pause_time=snapshot.now
    )


def resumed(snapshot: Snapshot, conversation: Conversation) -> Conversation:
    """It goes on; the held messages are being sent."""
    after = replace(conversation, state=State.ACTIVE, pause_time=None, held=((), ()))
    return message_passed(snapshot, after, conversation.loop_detector)


def reported(snapshot: Snapshot, conversation: Conversation) -> Conversation:
    """A participant reported the other one to the operator."""
    return replace(conversation, etag=snapshot.change_id, report_time=snapshot.now)


def warned(snapshot: Snapshot, conversation: Conversation) -> Conversation:
    """Both have been warned of the end that comes next."""
    end = conversation.next_end_time or conversation.due_time
    return replace(conversation, etag=snapshot.change_id, warned_end_time=end, due_time=end)


def reopened(snapshot: Snapshot, conversation: Conversation) -> Conversation:
    """It goes on, with new lifetimes."""
    return _active(snapshot, replace(conversation, end_time=None, end_reason=None, end_note=""))


def ended(
    snapshot: Snapshot, conversation: Conversation, reason: EndReason, note: str = ""
) -> Conversation:
    """It is over, and kept for a while for operators to look up."""
    return replace(
        conversation,
        state=State.ENDED,
        etag=snapshot.change_id,
        end_time=snapshot.now,
        end_reason=reason,
        end_note=note,
        pause_time=None,
        held=((), ()),
        loop_detector=LoopDetector(),
        due_time=snapshot.now + snapshot.pool.settings.retention.conversations,
    )


def _due(snapshot: Snapshot, end: datetime, warned_end_time: datetime | None) -> datetime:
    """When the next warning or end is due. A warning that is overdue is due now, not left out."""
    lead = snapshot.pool.settings.lifecycle.expiry_warning_lead
    return max(snapshot.now, end - lead) if lead and warned_end_time != end else end


def _active(snapshot: Snapshot, conversation: Conversation) -> Conversation:
    settings = snapshot.pool.settings.lifecycle
    idle_end, latest = snapshot.now + settings.idle_timeout, snapshot.now + settings.max_lifetime
    return replace(
        conversation,
        state=State.ACTIVE,
        etag=snapshot.change_id,
        idle_end_time=idle_end,
        max_end_time=latest,
        warned_end_time=None,
        due_time=_due(snapshot, min(idle_end, latest), None),
        loop_detector=LoopDetector(),
    )
