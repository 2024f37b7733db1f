"""What an answer about a text means for its timeline and its sender. Pure."""

from conversation_service.domain.events import Rule
from conversation_service.domain.failure import Failure, FailureKind
from conversation_service.domain.message import MessageState
from conversation_service.messaging.sending import Answered
from conversation_service.store.outbox import Settlement
from conversation_service.store.owed import OwedText

_ONLY_FILES = "ATTACHMENTS_REFUSED"
_FAILED = (MessageState.REFUSED, MessageState.UNDELIVERED, MessageState.EXPIRED)


def settlement(text: OwedText, answer: Answered) -> Settlement:
    """How far a text got."""
    rule = _rule(answer)
    return Settlement(text.entry_id, text.message_id, answer.state, rule, answer.resolution)


def failure(text: OwedText, answer: Answered) -> Failure | None:
    """What the sender is told; nothing of texts that arrive, nor of opt-outs: the end of the
    conversation tells of these."""
    kind = None if answer.is_opted_out else _failure_kind(answer)
    return _failure(text, kind) if kind else None


def doubt(text: OwedText) -> Failure | None:
    """What the sender is told of a text that waits for an operator."""
    return _failure(text, FailureKind.UNCERTAIN)


def _failure(text: OwedText, kind: FailureKind) -> Failure | None:
    envelope = text.envelope
    if not envelope.is_talk or not envelope.conversation_id:
        return None
    return Failure(text.message_id, envelope.conversation_id, text.person_id, kind)


def _failure_kind(answer: Answered) -> FailureKind | None:
    if answer.state is MessageState.UNKNOWN:
        return FailureKind.UNCERTAIN
    if answer.state in _FAILED:
        is_empty = answer.reason == _ONLY_FILES
        return FailureKind.ATTACHMENTS_ONLY_REFUSED if is_empty else FailureKind.NOT_DELIVERED
    return FailureKind.ATTACHMENTS_REFUSED if answer.refused_attachments else None


def _rule(answer: Answered) -> Rule | None:
    """Why a text was refused, for its timeline."""
    if answer.is_opted_out:
        return Rule.OPTED_OUT
    return Rule.REFUSED_BY_CARRIER if answer.state is MessageState.REFUSED else None
