"""Puts a change together: its messages, their events, and replies within the sender's limits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from conversation_service.domain.commands.core.change import Change, SenderLimitsChange
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.rate_limits import SenderLimits
from conversation_service.domain.templates.catalog import INTRODUCTIONS, Template


@dataclass(frozen=True, slots=True)
class Reply:
    """The messages that answer a sender, none if they had too many, and how that is counted."""

    drafts: tuple[Draft, ...]
    limits: SenderLimitsChange | None


NO_REPLY = Reply((), None)


def transition(
    snapshot: Snapshot,
    before: Conversation | None,
    after: Conversation,
    drafts: Iterable[Draft] = (),
    events: Sequence[Event] = (),
) -> Change:
    """A conversation goes from `before` to `after`; messages are sent in order."""
    sent, conversation_id = tuple(drafts), after.conversation_id
    return Change(
        before,
        after,
        introduced=tuple(draft.to for draft in sent if draft.template in INTRODUCTIONS),
        texts=snapshot.outbound_messages(after.masked_number, conversation_id, sent),
        events=(*events, *snapshot.message_events(conversation_id, sent)),
    )


def notify(
    snapshot: Snapshot,
    conversation: Conversation,
    drafts: Iterable[Draft],
    events: Sequence[Event] = (),
) -> Change:
    """Sends messages in a conversation without changing it."""
    return replace(transition(snapshot, None, conversation, drafts, events), after=None)


def notify_limited(
    snapshot: Snapshot, conversation: Conversation, reply: Reply, events: Sequence[Event] = ()
) -> Change:
    """Sends a reply in a conversation without changing it, and counts it."""
    change = notify(snapshot, conversation, reply.drafts, events)
    return replace(change, sender_limits=reply.limits)


def reply_to_stranger(snapshot: Snapshot, route: Route, reply: Reply) -> Change:
    """Sends a reply to somebody who is in no conversation, and counts it."""
    texts = snapshot.outbound_messages(route.masked_number, "", reply.drafts)
    return Change(texts=texts, sender_limits=reply.limits)


def reply_to(
    snapshot: Snapshot,
    person: Person,
    template: Template,
    *,
    code: str = "",
    span: timedelta | None = None,
    limits: SenderLimits | None = None,
) -> Reply:
    """A reply to a sender, unless they have had too many lately: auto-responders must not loop.

    `limits` are the sender's as this change has counted them so far.
    """
    before = snapshot.limits_of(person)
    current = limits or before
    if not current.may_reply(snapshot.now):
        return Reply((), _limits_change(person, before, current))
    draft = snapshot.system_message(person, template, code=code, span=span)
    return Reply((draft,), _limits_change(person, before, current.replied(snapshot.now)))


def replies_to(
    snapshot: Snapshot,
    person: Person,
    templates: Iterable[Template],
    *,
    limits: SenderLimits | None = None,
) -> Reply:
    """Several replies to one message, in order, each counted.

    `limits` are the sender's as this change has counted them so far.
    """
    before = snapshot.limits_of(person)
    reply = Reply((), _limits_change(person, before, limits or before))
    for template in templates:
        limits = reply.limits.after if reply.limits else None
        added = reply_to(snapshot, person, template, limits=limits)
        reply = Reply((*reply.drafts, *added.drafts), added.limits or reply.limits)
    return reply


def limited_failure_notice(snapshot: Snapshot, person: Person, template: Template) -> Reply:
    """Notifies of a failed message, unless the person was notified just now or very often."""
    before = snapshot.limits_of(person)
    if not before.may_send_failure_notice(snapshot.now):
        return NO_REPLY
    after = before.failure_notice_sent(snapshot.now)
    return Reply(
        (snapshot.system_message(person, template),), SenderLimitsChange(person, before, after)
    )


def _limits_change(
    person: Person, before: SenderLimits, after: SenderLimits
) -> SenderLimitsChange | None:
    return SenderLimitsChange(person, before, after) if after != before else None
