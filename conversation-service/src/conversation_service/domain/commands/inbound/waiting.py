"""Texts of a person who has a code and waits for somebody to join."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.ending import end, ending_words
from conversation_service.domain.commands.core.replies import notify, reply_to
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.inbound_message import (
    ParsedMessage,
    effective_keyword,
    keyword_event,
    not_relayed_event,
)
from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, Rule
from conversation_service.domain.templates.catalog import Template


def receive_from_waiting(facts: Snapshot, text: ParsedMessage, waiting: Conversation) -> Change:
    """The same code again, the end of it, help; anything else is told that nobody has joined."""
    command, code = text.command, waiting.code
    match command.kind:
        case Keyword.START:
            return _told(facts, text, waiting, Template.CODE)
        case Keyword.JOIN if codes.normalized(command.argument) == code:
            return _told(facts, text, waiting, Template.OWN_CODE)
        case Keyword.HELP:
            return _told(facts, text, waiting, Template.HELP)
        case Keyword.END if command.argument in ("", code):
            return end_by_text(facts, text, waiting)
        case Keyword.OPT_IN:
            return Change()
        case _:
            return _told(facts, text, waiting, Template.STILL_WAITING)


def end_by_text(facts: Snapshot, text: ParsedMessage, conversation: Conversation) -> Change:
    """It is over whether or not the sender can still be answered."""
    reason = EndReason.PARTICIPANT_ENDED
    answer = reply_to(facts, text.sender, ending_words(conversation, reason))
    ending = end(facts, conversation, reason, text.sender, answer.said)
    command = keyword_event(facts, text, conversation.conversation_id)
    return replace(ending, conduct=answer.conduct, events=(command, *ending.events))


def _told(
    facts: Snapshot, text: ParsedMessage, waiting: Conversation, template: Template
) -> Change:
    # The code's own end, not the pool's lifetime: some of it may be over.
    left = waiting.due_time - facts.now
    answer = reply_to(facts, text.sender, template, code=waiting.code, span=left)
    event = _what_came(facts, text, waiting.conversation_id)
    return replace(notify(facts, waiting, answer.said, [event]), conduct=answer.conduct)


def _what_came(facts: Snapshot, text: ParsedMessage, name: str) -> Event:
    if effective_keyword(text, facts) is Keyword.TALK:
        return not_relayed_event(facts, text, name, Rule.NOBODY_JOINED)
    return keyword_event(facts, text, name)
