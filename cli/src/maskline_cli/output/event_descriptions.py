"""Events as English sentences. They contain no phone number and no message body."""

from collections.abc import Mapping
from typing import Any

from maskline.conversation.v1 import conversation_pb2, event_pb2, message_pb2
from maskline.conversation.v1.event_pb2 import Event
from maskline_cli.values.fields import enum_word

_SENTENCES = {
    "CONVERSATION_CREATED": "{who} started a conversation and received a join code.",
    "CONVERSATION_JOINED": "{who} joined.",
    "CONVERSATION_UPDATED": "The conversation's name, labels or maximum end was changed.",
    "CONVERSATION_PAUSED": "The conversation was paused.",
    "CONVERSATION_RESUMED": "The conversation was resumed.",
    "CONVERSATION_EXPIRY_WARNED": (
        "Both participants were warned that the conversation will end{because}."
    ),
    "CONVERSATION_REPORTED": "{who} reported the conversation to the operator.",
    "CONVERSATION_ENDED": "The conversation ended{because}.",
    "CONVERSATION_REOPENED": "The ended conversation was reopened.",
    "CONVERSATION_ERASED": "The conversation was erased at a participant's request.",
    "PARTICIPANT_BLOCKED": "{who} blocked the other participant.",
    "PARTICIPANT_UNBLOCKED": "{who} may meet the other participant again.",
    "MESSAGE_ACCEPTED": "A system message{because} to {whom} was accepted.",
    "MESSAGE_RELAYED": "A message from {whom} is relayed.",
    "MESSAGE_HELD": "A message from {whom} was received and held.",
    "MESSAGE_NOT_RELAYED": "A message from {whom} was received and not relayed{because}.",
    "MESSAGE_DUPLICATE_RECEIVED": "A message from {whom} was received again and ignored.",
    "MESSAGE_RECOVERED": "A message from {whom} was found in the carrier's records.",
    "MESSAGE_ATTACHMENTS_REFUSED": "Attachments of a message were not relayed.",
    "MESSAGE_SENT": "The carrier accepted the message.",
    "MESSAGE_DELIVERED": "The message was delivered.",
    "MESSAGE_UNDELIVERED": "The carrier could not deliver the message{because}.",
    "MESSAGE_FAILED": "The message was not sent{because}.",
    "MESSAGE_EXPIRED": "The message was too old and was not sent.",
    "MESSAGE_UNCERTAIN": "It is not known whether the carrier received the message.",
    "MESSAGE_RESOLVED": "The uncertain send of the message was resolved{because}.",
    "MESSAGE_DEAD_LETTERED": "The message could not be processed{because}.",
    "MESSAGE_REPLAYED": "The message was returned to the outbox.",
    "HELD_MESSAGES_DROPPED": "Held messages from {whom} were discarded at the end{because}.",
    "KEYWORD_RECEIVED": "A message from {whom} was received{because}.",
    "PERSON_OPTED_OUT": "{who} opted out of all messages.",
    "PERSON_OPTED_IN": "{who} opted in again.",
    "PERSON_JOIN_LIMIT_REACHED": "{who} entered too many wrong codes and cannot join for now.",
    "POOL_CREATED": "The pool was created.",
    "POOL_UPDATED": "The pool's settings were changed.",
    "MASKED_NUMBER_ADDED": "A masked number was added.",
    "MASKED_NUMBER_ACTIVATED": "A drained masked number accepts new conversations again.",
    "MASKED_NUMBER_DRAINED": "A masked number was drained: it gets no new conversations.",
    "MASKED_NUMBER_REMOVED": "A masked number was removed.",
    "MASKED_NUMBER_UPDATED": "A masked number was reserved, or is no longer reserved.",
}

_OPENED = "A client connected two people."

# A service that is newer than this command.
_UNKNOWN = "Something happened that this version of the command does not know."

_END_REASONS = {
    conversation_pb2.END_REASON_PARTICIPANT_ENDED: "a participant ended it",
    conversation_pb2.END_REASON_CLIENT: "a client or the operator ended it",
    conversation_pb2.END_REASON_OPTED_OUT: "a participant opted out of all messages",
    conversation_pb2.END_REASON_CODE_EXPIRED: "nobody used the join code in time",
    conversation_pb2.END_REASON_IDLE_EXPIRED: "there was no message for too long",
    conversation_pb2.END_REASON_LIFETIME_EXPIRED: "it reached its maximum lifetime",
    conversation_pb2.END_REASON_BLOCKED: "a participant blocked the other",
    conversation_pb2.END_REASON_RESTORED: "it was in an older copy of Redis that was restored",
}

_RELAY_REFUSALS = {
    message_pb2.RELAY_REFUSAL_EMPTY: "it was empty",
    message_pb2.RELAY_REFUSAL_ATTACHMENTS_ONLY: "it had only attachments",
    message_pb2.RELAY_REFUSAL_UNSUITABLE: (
        "it had characters that cannot be sent, or was too long"
    ),
    message_pb2.RELAY_REFUSAL_TOO_LONG: "it had more segments than the pool relays",
    message_pb2.RELAY_REFUSAL_MESSAGE_LIMIT_REACHED: (
        "its sender had reached the limit of relayed messages"
    ),
    message_pb2.RELAY_REFUSAL_NOBODY_JOINED: "nobody had joined yet",
    message_pb2.RELAY_REFUSAL_ALREADY_IN_CONVERSATION: (
        "it asked for a new conversation within this one"
    ),
    message_pb2.RELAY_REFUSAL_PAUSED: "the conversation is paused",
    message_pb2.RELAY_REFUSAL_HELD_MESSAGE_LIMIT_REACHED: "the limit of held messages is reached",
    message_pb2.RELAY_REFUSAL_LOOP: "two automatic responders were replying to each other",
    message_pb2.RELAY_REFUSAL_REACTION: "it was a reaction to a system message",
    message_pb2.RELAY_REFUSAL_TOO_LATE: "it was sent before this conversation became active",
    message_pb2.RELAY_REFUSAL_TOO_OLD: "it was so old that it may have been relayed before",
}

_FAILURE_REASONS = {
    message_pb2.FAILURE_REASON_OPTED_OUT: "the recipient opted out of all messages",
    message_pb2.FAILURE_REASON_UNREACHABLE: "the recipient cannot be reached",
    message_pb2.FAILURE_REASON_CONTENT_BLOCKED: "a carrier blocked its content",
    message_pb2.FAILURE_REASON_SENDER_NOT_AUTHORIZED: (
        "the masked number may not send to this recipient"
    ),
    message_pb2.FAILURE_REASON_LIMIT_EXCEEDED: "a limit of the carrier was exceeded",
    message_pb2.FAILURE_REASON_CARRIER_REJECTED: "the carrier rejected it",
    message_pb2.FAILURE_REASON_UNRESOLVED: "it could not be found out whether it was sent",
    message_pb2.FAILURE_REASON_DISCARDED: "it was discarded",
    message_pb2.FAILURE_REASON_ATTACHMENTS_REFUSED: "it had only files that cannot be sent",
}

_SEND_RESOLUTIONS = {
    event_pb2.SEND_RESOLUTION_RECEIPT: "a delivery receipt arrived",
    event_pb2.SEND_RESOLUTION_RECORD: "the carrier's records contain it",
    event_pb2.SEND_RESOLUTION_SENT_AGAIN: (
        "neither a delivery receipt nor a record was found, so it was sent again"
    ),
    event_pb2.SEND_RESOLUTION_PREFERRED_DUPLICATE: "nothing was found out, so it was sent again",
    event_pb2.SEND_RESOLUTION_PREFERRED_LOSS: "nothing was found out, so it was not sent again",
}

_DEAD_LETTER_REASONS = {
    event_pb2.DEAD_LETTER_REASON_UNREADABLE: "it could not be decrypted or decoded",
    event_pb2.DEAD_LETTER_REASON_INVALID: "the messaging service rejects it as invalid",
    event_pb2.DEAD_LETTER_REASON_RETRIES_EXHAUSTED: "the maximum number of attempts was reached",
}

_REASONS: dict[str, Mapping[Any, str]] = {
    "end_reason": _END_REASONS,
    "relay_refusal": _RELAY_REFUSALS,
    "send_resolution": _SEND_RESOLUTIONS,
    "dead_letter_reason": _DEAD_LETTER_REASONS,
}


def describe(event: Event, positions_by_id: Mapping[str, str]) -> str:
    """One sentence; participants without a position are "a person"."""
    name = enum_word(event, "type").upper().replace("-", "_")
    if name == "CONVERSATION_CREATED" and not event.participant_id:
        return _OPENED
    position = positions_by_id.get(event.participant_id)
    whom = f"the {position} participant" if position else "a person"
    return _SENTENCES.get(name, _UNKNOWN).format(
        who=whom[0].upper() + whom[1:], whom=whom, because=_because(event)
    )


def describe_failure(failure: message_pb2.Failure) -> str:
    """Why a message failed."""
    reason = _FAILURE_REASONS.get(failure.reason, "the carrier rejected it")
    return f"{reason} (carrier code {failure.carrier_code})" if failure.carrier_code else reason


def describe_refusal(refusal: message_pb2.RelayRefusal.ValueType) -> str:
    """Why a message was not relayed; empty if it was, and for a reason that is newer than this
    command."""
    return _RELAY_REFUSALS.get(refusal, "")


def _because(event: Event) -> str:
    """The detail as the sentence continues with it; empty if there is none."""
    detail = event.WhichOneof("detail")
    match detail:
        case None:
            return ""
        case "template":
            return f' "{event.template}"'
        case "keyword":
            return f": keyword {enum_word(event, detail)}"
        case "dropped_message_count":
            return f": {event.dropped_message_count}"
        case "failure":
            return f": {describe_failure(event.failure)}"
        case _:
            reasons = _REASONS[detail]
            return f": {reasons.get(getattr(event, detail), enum_word(event, detail))}"
