"""Relays a message to the other participant, holds it, or tells its sender why neither is done."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.holding import hold, relayed_draft, rule_against_hold
from conversation_service.domain.commands.core.lifecycle import message_passed
from conversation_service.domain.commands.core.replies import (
    notify,
    notify_limited,
    replies_to,
    reply_to,
    transition,
)
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.attachments import (
    AttachmentSplit,
    is_text,
    split_attachments,
)
from conversation_service.domain.commands.inbound.inbound_message import (
    InboundContext,
    attachments_refused_event,
    not_relayed_event,
)
from conversation_service.domain.keywords.reactions import quoted_in_reaction
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, Rule
from conversation_service.domain.model.messages import HeldMessage, is_sendable
from conversation_service.domain.model.pool import AttachmentPolicy
from conversation_service.domain.templates.catalog import Template

_REPLY_TEMPLATES = {
    Rule.EMPTY: Template.EMPTY,
    Rule.UNSUITABLE: Template.UNSUITABLE,
    Rule.LOOP: Template.LOOP_STOPPED,
    Rule.PAUSED: Template.PAUSED_REFUSED,
    Rule.TOO_MANY_HELD: Template.PAUSED_REFUSED,
}


def relay_message(inbound: InboundContext, active: Conversation) -> Change:
    snapshot, message = inbound.snapshot, inbound.message
    if snapshot.pool.catalog.is_system_message(quoted_in_reaction(message.body)):
        # The partner did not get that message. Who taps a reaction expects no answer.
        event = not_relayed_event(inbound, active.conversation_id, Rule.REACTION)
        return notify(snapshot, active, (), [event])
    files = split_attachments(message.attachments, snapshot.pool.settings.attachment_policy)
    rule = _rule_against(inbound, files, active)
    if rule is not None:
        return _not_relayed(inbound, active, rule)
    if active.pause_time is not None:
        return _hold(inbound, files, active)
    loop_detector = active.loop_detector.record(
        active.position(inbound.sender),
        message.body,
        active.data_key,
        snapshot.now,
        active.last_message_time,
    )
    if loop_detector.is_loop:
        return _not_relayed(inbound, active, Rule.LOOP)
    after = message_passed(snapshot, active, loop_detector)
    relayed = relayed_draft(active, inbound.sender.participant_id, message.body, files.relayed)
    reply = replies_to(snapshot, inbound.sender, _replies_about_files(snapshot, files))
    events = _events_about_files(inbound, files, active)
    change = transition(snapshot, active, after, [relayed, *reply.drafts], events)
    return replace(change, sender_limits=reply.limits)


def _rule_against(
    inbound: InboundContext, files: AttachmentSplit, active: Conversation
) -> Rule | None:
    """Why the message may be neither relayed nor held; None if it may."""
    body = inbound.message.body
    if not is_sendable(body):
        return Rule.UNSUITABLE
    if body.strip() == "" and not files.relayed:
        return Rule.ATTACHMENTS_ONLY if files.refused else Rule.EMPTY
    return rule_against_hold(inbound.snapshot, active) if active.pause_time is not None else None


def _not_relayed(inbound: InboundContext, active: Conversation, rule: Rule) -> Change:
    event = not_relayed_event(inbound, active.conversation_id, rule)
    template = _REPLY_TEMPLATES.get(rule) or _template_about_files(inbound.snapshot)
    reply = reply_to(inbound.snapshot, inbound.sender, template)
    return notify_limited(inbound.snapshot, active, reply, [event])


def _hold(inbound: InboundContext, files: AttachmentSplit, active: Conversation) -> Change:
    snapshot, sender = inbound.snapshot, inbound.sender
    # The reply to the first held message told them of the pause.
    knows_of_pause = active.held[active.position(sender)] > 0
    templates = [] if knows_of_pause else [Template.PAUSED_HELD]
    reply = replies_to(snapshot, sender, [*templates, *_replies_about_files(snapshot, files)])
    held = HeldMessage(sender.participant_id, inbound.message.body, files.relayed)
    events = _events_about_files(inbound, files, active)
    return replace(hold(snapshot, active, held, reply.drafts, events), sender_limits=reply.limits)


def with_notice_of_files(inbound: InboundContext, change: Change, conversation_id: str) -> Change:
    """The outcome of a keyword whose message also has files: they are not relayed, and told."""
    snapshot = inbound.snapshot
    files = [file for file in inbound.message.attachments if not is_text(file)]
    split = split_attachments(files, snapshot.pool.settings.attachment_policy)
    if not (split.relayed or split.refused):
        return change
    limits = change.sender_limits.after if change.sender_limits else None
    template = _template_about_files(snapshot)
    reply = reply_to(snapshot, inbound.sender, template, limits=limits)
    number, first = inbound.route.masked_number, len(change.texts)
    texts = snapshot.outbound_messages(number, conversation_id, reply.drafts, first)
    events = [attachments_refused_event(inbound, conversation_id)]
    events += snapshot.message_events(conversation_id, reply.drafts, first)
    return replace(
        change,
        texts=(*change.texts, *texts),
        sender_limits=reply.limits or change.sender_limits,
        events=(*change.events, *events),
    )


def _replies_about_files(snapshot: Snapshot, files: AttachmentSplit) -> list[Template]:
    """One reply for all refused files together."""
    return [_template_about_files(snapshot)] if files.refused else []


def _template_about_files(snapshot: Snapshot) -> Template:
    relays_none = snapshot.pool.settings.attachment_policy is AttachmentPolicy.NONE
    return Template.NO_ATTACHMENTS if relays_none else Template.ATTACHMENT_NOT_PASSED_ON


def _events_about_files(
    inbound: InboundContext, files: AttachmentSplit, active: Conversation
) -> list[Event]:
    conversation_id = active.conversation_id
    return [attachments_refused_event(inbound, conversation_id)] if files.refused else []
