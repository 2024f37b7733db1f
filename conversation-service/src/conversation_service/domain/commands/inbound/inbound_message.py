"""What is known when an inbound message is decided, its events, and stale messages."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.replies import (
    NO_REPLY,
    Reply,
    limited_failure_notice,
    notify_limited,
)
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.attachments import split_attachments
from conversation_service.domain.keywords.keywords import Keyword, ParsedKeyword
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType, RelayRefusal
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import (
    InboundMessage,
    MessageState,
    segment_count,
)
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.templates.catalog import Template

# More than the clocks of two synchronized machines differ by, and less than the default cool-off.
CLOCK_DIFFERENCE = timedelta(seconds=60)

# Idempotency records are kept for 72 hours and more. The carrier's clock may be some hours fast or
# slow: a first callback is relayed, and a repeated one is not.
RECOGNISED = timedelta(hours=60)


@dataclass(frozen=True, slots=True)
class InboundContext:
    """An inbound message, its sender, its parsed keyword, and the snapshot to decide on."""

    snapshot: Snapshot = field(repr=False)
    message: InboundMessage
    sender: Person
    keyword: ParsedKeyword

    @property
    def route(self) -> Route:
        return Route(self.message.to_number, self.sender)

    @property
    def effective_keyword(self) -> Keyword:
        """The keyword, or TALK if the pool does not offer it. YES counts only as an opt-in."""
        settings, kind = self.snapshot.pool.settings.keywords, self.keyword.kind
        offered = {
            Keyword.YES: False,
            Keyword.BLOCK: settings.block_enabled,
            Keyword.REPORT: settings.report_enabled,
            Keyword.ERASE: settings.erase_enabled,
        }
        return kind if offered.get(kind, True) else Keyword.TALK


def keyword_event(inbound: InboundContext, conversation_id: str) -> Event:
    """A message was understood as a keyword."""
    return Event(
        EventType.KEYWORD_RECEIVED,
        conversation_id=conversation_id,
        participant_id=inbound.sender.participant_id,
        detail=inbound.keyword.kind,
    )


def reconciled_event(sender: Person, conversation_id: str, message_id: str) -> Event:
    """A message without a callback was found in the carrier's records."""
    return Event(EventType.MESSAGE_RECOVERED, conversation_id, sender.participant_id, message_id)


def attachments_refused_event(
    inbound: InboundContext, conversation_id: str, message_id: str
) -> Event:
    """Files of a message are not relayed. A keyword is no message, so it has no id."""
    author_id = inbound.sender.participant_id
    return Event(EventType.MESSAGE_ATTACHMENTS_REFUSED, conversation_id, author_id, message_id)


def not_relayed(
    inbound: InboundContext,
    conversation: Conversation,
    refusal: RelayRefusal,
    reply: Reply = NO_REPLY,
) -> Change:
    """A message was received and is not relayed, for this reason."""
    snapshot, message = inbound.snapshot, inbound.message
    conversation_id, message_id = conversation.conversation_id, snapshot.change_id
    event = Event(
        EventType.MESSAGE_NOT_RELAYED,
        conversation_id,
        inbound.sender.participant_id,
        message_id,
        refusal,
    )
    partner = conversation.partner_of(inbound.sender)
    policy = snapshot.pool.settings.relay.attachment_policy
    files = split_attachments(message.attachments, policy).relayed
    record = MessageRecord(
        message_id,
        MessageState.NOT_RELAYED,
        snapshot.now,
        partner.person_id if partner else "",
        conversation_id,
        is_relayed=True,
        segment_count=segment_count(message.body, files),
        attachment_count=len(files),
        relay_refusal=refusal,
    )
    change = notify_limited(snapshot, conversation, reply, [event])
    return replace(change, records=(record,))


def is_stale(message: InboundMessage, active: Conversation) -> bool:
    """Whether the carrier accepted the message before this conversation became active.

    Asked of messages found in its records: a callback comes at once or within the cool-off, and the
    clock behind its time may be wrong.
    """
    since, accepted = active.active_since, message.carrier_time
    is_early = since is not None and accepted is not None and accepted < since - CLOCK_DIFFERENCE
    return is_early and message.is_recovered


def is_forgotten(message: InboundMessage, now: datetime) -> bool:
    """Whether the message may have been received before, and its idempotency record be gone."""
    accepted = message.carrier_time
    return accepted is not None and accepted < now - RECOGNISED


def join_request_time(accepted: datetime | None, now: datetime) -> datetime | None:
    """The carrier's time of a JOIN if it is well before `now`, else None."""
    return accepted if accepted is not None and accepted < now - CLOCK_DIFFERENCE else None


def refuse_forgotten(inbound: InboundContext, conversation: Conversation | None) -> Change:
    """Does nothing with what may have been done before, and tells a participant."""
    if conversation is None:
        return Change()
    notice = limited_failure_notice(inbound.snapshot, inbound.sender, Template.MAYBE_NOT_DELIVERED)
    return not_relayed(inbound, conversation, RelayRefusal.TOO_OLD, notice)


def refuse_stale(inbound: InboundContext, active: Conversation) -> Change:
    """Neither relays the message to the present partner nor carries out its keyword."""
    notice = limited_failure_notice(inbound.snapshot, inbound.sender, Template.NOT_DELIVERED)
    return not_relayed(inbound, active, RelayRefusal.TOO_LATE, notice)
