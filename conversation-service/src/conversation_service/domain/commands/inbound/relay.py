"""Relays a message to the other participant, holds it, or tells its sender why neither is done."""

from dataclasses import replace
from datetime import datetime

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.holding import hold, relayed_draft, rule_against_hold
from conversation_service.domain.commands.core.lifecycle import message_passed
from conversation_service.domain.commands.core.replies import (
    Reply,
    replies_to,
    reply_to,
    transition,
)
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.attachments import (
    AttachmentSplit,
    split_attachments,
)
from conversation_service.domain.commands.inbound.inbound_message import (
    InboundContext,
    attachments_refused_event,
    not_relayed,
)
from conversation_service.domain.keywords.reactions import quoted_in_reaction
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.events import Event, RelayRefusal
from conversation_service.domain.model.messages import (
    HeldMessage,
    is_sendable,
    segment_count,
)
from conversation_service.domain.model.pool import AttachmentPolicy
from conversation_service.domain.model.rate_limits import SenderLimits
from conversation_service.domain.templates.catalog import Template

_REPLY_TEMPLATES = {
    RelayRefusal.EMPTY: Template.EMPTY,
    RelayRefusal.UNSUITABLE: Template.UNSUITABLE,
    RelayRefusal.TOO_LONG: Template.TOO_LONG,
    RelayRefusal.LOOP: Template.LOOP_STOPPED,
    RelayRefusal.PAUSED: Template.PAUSED_REFUSED,
    RelayRefusal.HELD_MESSAGE_LIMIT_REACHED: Template.PAUSED_REFUSED,
}


def relay_message(inbound: InboundContext, active: Conversation) -> Change:
    snapshot, message = inbound.snapshot, inbound.message
    quoted = quoted_in_reaction(message.body)
    if quoted and snapshot.pool.catalog.is_system_message(quoted):
        # The partner did not get that message. Who taps a reaction expects no answer.
        return not_relayed(inbound, active, RelayRefusal.REACTION)
    files = split_attachments(message.attachments, snapshot.pool.settings.relay.attachment_policy)
    refusal = _refusal_of(inbound, files, active)
    if refusal is not None:
        return _refuse(inbound, active, refusal)
    limits = snapshot.limits_of(inbound.sender)
    settings = snapshot.pool.settings.relay
    resumes = limits.relay_resumes(
        snapshot.now, settings.max_messages_per_minute, settings.max_messages_per_day
    )
    if resumes is not None:
        return _too_many(inbound, active, resumes)
    limits = limits.relayed(snapshot.now)
    if active.state is State.PAUSED:
        return _hold(inbound, files, active, limits)
    loop_detector = active.loop_detector.record(
        active.position(inbound.sender),
        message.body,
        active.data_key,
        snapshot.now,
        active.last_message_time,
    )
    if loop_detector.is_loop:
        return _refuse(inbound, active, RelayRefusal.LOOP)
    after = message_passed(snapshot, active, loop_detector)
    relayed = relayed_draft(
        snapshot, active, inbound.sender.participant_id, message.body, files.relayed
    )
    templates = [*_replies_about_files(snapshot, files), *_opt_out_hint(inbound, active)]
    reply = replies_to(snapshot, inbound.sender, templates, limits=limits)
    events = _events_about_files(inbound, files, active)
    after = _after_reply(inbound, after, reply)
    change = transition(snapshot, active, after, [relayed, *reply.drafts], events)
    return replace(change, sender_limits=reply.limits)


def _refusal_of(
    inbound: InboundContext, files: AttachmentSplit, active: Conversation
) -> RelayRefusal | None:
    """Why the message may be neither relayed nor held; None if it may."""
    body = inbound.message.body
    if not is_sendable(body):
        return RelayRefusal.UNSUITABLE
    if segment_count(body) > inbound.snapshot.pool.settings.relay.max_message_segments:
        return RelayRefusal.TOO_LONG
    if body.strip() == "" and not files.relayed:
        return RelayRefusal.ATTACHMENTS_ONLY if files.refused else RelayRefusal.EMPTY
    return rule_against_hold(inbound.snapshot, active) if active.state is State.PAUSED else None


def _refuse(inbound: InboundContext, active: Conversation, refusal: RelayRefusal) -> Change:
    template = _REPLY_TEMPLATES.get(refusal) or _template_about_files(inbound.snapshot)
    reply = reply_to(inbound.snapshot, inbound.sender, template)
    return not_relayed(inbound, active, refusal, reply)


def _too_many(inbound: InboundContext, active: Conversation, resumes: datetime) -> Change:
    """Tells a sender of too many messages once, until they are relayed again."""
    snapshot, sender = inbound.snapshot, inbound.sender
    refusal, limits = RelayRefusal.MESSAGE_LIMIT_REACHED, snapshot.limits_of(sender)
    if limits.is_relay_refusal_muted(snapshot.now):
        return not_relayed(inbound, active, refusal)
    reply = reply_to(
        snapshot,
        sender,
        Template.TOO_MANY_TEXTS,
        span=resumes - snapshot.now,
        limits=limits.relay_refused(resumes),
    )
    return not_relayed(inbound, active, refusal, reply)


def _hold(
    inbound: InboundContext, files: AttachmentSplit, active: Conversation, limits: SenderLimits
) -> Change:
    snapshot, sender = inbound.snapshot, inbound.sender
    # The reply to the first held message told them of the pause.
    knows_of_pause = bool(active.held[active.position(sender)])
    templates = [] if knows_of_pause else [Template.PAUSED_HELD]
    templates += (*_replies_about_files(snapshot, files), *_opt_out_hint(inbound, active))
    reply = replies_to(snapshot, sender, templates, limits=limits)
    body = inbound.message.body
    held = HeldMessage(snapshot.change_id, sender.participant_id, body, files.relayed)
    events = _events_about_files(inbound, files, active)
    change = hold(snapshot, active, held, reply.drafts, events)
    after = _after_reply(inbound, change.after or active, reply)
    return replace(change, after=after, sender_limits=reply.limits)


def _opt_out_hint(inbound: InboundContext, active: Conversation) -> list[Template]:
    """Once for each participant: what they write may be meant for the partner or for us."""
    has_hint = active.opt_out_hints[active.position(inbound.sender)]
    return [Template.OPT_OUT_HINT] if inbound.keyword.requests_opt_out and not has_hint else []


def _after_reply(inbound: InboundContext, after: Conversation, reply: Reply) -> Conversation:
    """The conversation, with a mark of the hint if the reply has it."""
    if all(draft.template is not Template.OPT_OUT_HINT for draft in reply.drafts):
        return after
    first, second = after.opt_out_hints
    is_first = after.position(inbound.sender) == 0
    return replace(after, opt_out_hints=(first or is_first, second or not is_first))


def with_notice_of_files(inbound: InboundContext, change: Change, conversation_id: str) -> Change:
    """The outcome of a keyword whose message also has files: they are not relayed, and told.

    The reply to the keyword says so as well. Where there is none, a notice of its own does.
    """
    snapshot, sender = inbound.snapshot, inbound.sender
    policy = snapshot.pool.settings.relay.attachment_policy
    split = split_attachments(inbound.message.attachments, policy)
    if not (split.relayed or split.refused):
        return change
    template = _template_about_files(snapshot)
    event = attachments_refused_event(inbound, conversation_id, change.participant_message_id)
    change = replace(change, events=(*change.events, event))
    replies = [at for at, text in enumerate(change.texts) if text.to == sender]
    if replies:
        return _with_sentence(change, replies[-1], snapshot.pool.catalog.sentence(template))
    has_opted_out = sender in snapshot.opt_outs or change.consent is not None
    return change if has_opted_out else _with_notice(inbound, change, conversation_id, template)


def _with_sentence(change: Change, index: int, sentence: str) -> Change:
    texts = list(change.texts)
    texts[index] = replace(texts[index], body=f"{texts[index].body} {sentence}")
    return replace(change, texts=tuple(texts))


def _with_notice(
    inbound: InboundContext, change: Change, conversation_id: str, template: Template
) -> Change:
    snapshot = inbound.snapshot
    limits = change.sender_limits.after if change.sender_limits else None
    reply = reply_to(snapshot, inbound.sender, template, limits=limits)
    number, first = inbound.route.masked_number, len(change.texts)
    texts = snapshot.outbound_messages(number, conversation_id, reply.drafts, first)
    return replace(
        change,
        texts=(*change.texts, *texts),
        sender_limits=reply.limits or change.sender_limits,
        events=(*change.events, *snapshot.message_events(conversation_id, reply.drafts, first)),
    )


def _replies_about_files(snapshot: Snapshot, files: AttachmentSplit) -> list[Template]:
    """One reply for all refused files together."""
    return [_template_about_files(snapshot)] if files.refused else []


def _template_about_files(snapshot: Snapshot) -> Template:
    relays_none = snapshot.pool.settings.relay.attachment_policy is AttachmentPolicy.NONE
    return Template.NO_ATTACHMENTS if relays_none else Template.ATTACHMENT_NOT_PASSED_ON


def _events_about_files(
    inbound: InboundContext, files: AttachmentSplit, active: Conversation
) -> list[Event]:
    if not files.refused:
        return []
    message_id = inbound.snapshot.change_id
    return [attachments_refused_event(inbound, active.conversation_id, message_id)]
