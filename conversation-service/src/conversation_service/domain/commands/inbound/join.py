"""Joining by code, and what keeps codes from being guessed."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.joining import (
    join,
    may_join,
    wrong_code,
)
from conversation_service.domain.commands.core.replies import (
    Reply,
    reply_to,
    reply_to_stranger,
)
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.inbound_message import (
    ParsedMessage,
    join_request_time,
)
from conversation_service.domain.model.rate_limits import (
    NUMBER_TRIES_LIMIT,
)
from conversation_service.domain.templates.catalog import Template


def join_by_text(facts: Snapshot, text: ParsedMessage) -> Change:
    """Connected, or the same answer for wrong, used, expired and out of reach; then silence."""
    person = text.sender
    if facts.conduct(person).is_locked(facts.now):
        return Change()
    invitation = facts.invitation
    if invitation is None or not may_join(facts, invitation, text.line):
        return _wrong_code(facts, text)
    answer = reply_to(facts, person, Template.YOU_JOINED)
    asked = join_request_time(text.carrier_time, facts.now)
    change = join(facts, invitation, person, answer.said, asked)
    return replace(change, conduct=answer.conduct)


def _wrong_code(facts: Snapshot, text: ParsedMessage) -> Change:
    conduct, counted = wrong_code(facts, text.sender, text.line.masked_number)
    answer = reply_to(facts, text.sender, Template.CODE_NOT_VALID, conduct=conduct)
    if facts.tries.at(facts.now) >= NUMBER_TRIES_LIMIT:
        # Somebody tries many phones on one number: no more answers tell them anything.
        answer = Reply((), answer.conduct)
    told = reply_to_stranger(facts, text.line, answer)
    return replace(counted, texts=told.texts, conduct=told.conduct)
