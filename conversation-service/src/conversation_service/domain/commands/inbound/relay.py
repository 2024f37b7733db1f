"""How words get from one participant to the other, or why they do not."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.holding import hold, may_hold, relayed_draft
from conversation_service.domain.commands.core.lifecycle import message_passed
from conversation_service.domain.commands.core.replies import (
    notify_limited,
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
    ParsedMessage,
    attachments_refused,
    not_relayed_event,
)
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, Rule
from conversation_service.domain.model.messages import HeldMessage, is_sendable
from conversation_service.domain.model.pool import AttachmentPolicy
from conversation_service.domain.templates.catalog import Template


def relay_message(facts: Snapshot, text: ParsedMessage, active: Conversation) -> Change:
    """Passes a text on, holds it while paused, or tells its sender why neither is done."""
    files = split_attachments(text.attachments, facts.pool.settings.attachment_policy)
    rule = _why_not(facts, text, files, active)
    if rule is not None:
        return _not_passed_on(facts, text, active, rule)
    if active.pause_time is not None:
        return _hold(facts, text, files, active)
    exchange = active.exchange.said(
        active.position(text.sender), text.body, facts.now, active.last_message_time
    )
    if exchange.is_loop:
        return _not_passed_on(facts, text, active, Rule.LOOP)
    after = message_passed(facts, active, exchange)
    said = relayed_draft(active, text.sender.participant_id, text.body, files.passed)
    answer = replies_to(facts, text.sender, _about(facts, files))
    change = transition(
        facts, active, after, [said, *answer.said], _refused(facts, text, files, active)
    )
    return replace(change, conduct=answer.conduct)


def _why_not(
    facts: Snapshot, text: ParsedMessage, files: AttachmentSplit, active: Conversation
) -> Rule | None:
    if not is_sendable(text.body):
        return Rule.UNSUITABLE
    if text.body.strip() == "" and not files.passed:
        return Rule.ATTACHMENTS_ONLY if files.refused else Rule.EMPTY
    return may_hold(facts, active) if active.pause_time is not None else None


_TOLD = {
    Rule.EMPTY: Template.EMPTY,
    Rule.UNSUITABLE: Template.UNSUITABLE,
    Rule.LOOP: Template.LOOP_STOPPED,
    Rule.PAUSED: Template.PAUSED_REFUSED,
    Rule.TOO_MANY_HELD: Template.PAUSED_REFUSED,
}


def _not_passed_on(
    facts: Snapshot, text: ParsedMessage, active: Conversation, rule: Rule
) -> Change:
    event = not_relayed_event(facts, text, active.conversation_id, rule)
    answer = reply_to(facts, text.sender, _TOLD.get(rule) or _file_refused(facts))
    return notify_limited(facts, active, answer, [event])


def _hold(
    facts: Snapshot, text: ParsedMessage, files: AttachmentSplit, active: Conversation
) -> Change:
    # They have been told of the pause with the first one.
    knows = active.held[active.position(text.sender)]
    words = [*([] if knows else [Template.PAUSED_HELD]), *_about(facts, files)]
    answer = replies_to(facts, text.sender, words)
    kept = HeldMessage(text.sender.participant_id, text.body, files.passed)
    events = _refused(facts, text, files, active)
    return replace(hold(facts, active, kept, answer.said, events), conduct=answer.conduct)


def _about(facts: Snapshot, files: AttachmentSplit) -> list[Template]:
    """What the sender is told of files: one word for all that stay behind."""
    return [_file_refused(facts)] if files.refused else []


def _file_refused(facts: Snapshot) -> Template:
    passes_none = facts.pool.settings.attachment_policy is AttachmentPolicy.NONE
    return Template.NO_ATTACHMENTS if passes_none else Template.ATTACHMENT_NOT_PASSED_ON


def _refused(
    facts: Snapshot, text: ParsedMessage, files: AttachmentSplit, active: Conversation
) -> list[Event]:
    return [attachments_refused(facts, text, active.conversation_id)] if files.refused else []
