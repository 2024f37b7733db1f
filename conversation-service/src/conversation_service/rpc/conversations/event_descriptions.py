"""Events as English sentences. They contain no phone number and no message body."""

from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType

_SENTENCES = {
    EventType.CONVERSATION_STARTED: "{who} started a conversation and received a join code.",
    EventType.CONVERSATION_OPENED: "A client opened the conversation between two people.",
    EventType.CONVERSATION_JOINED: "{who} joined.",
    EventType.CONVERSATION_ENDED: "The conversation ended: {why}.",
    EventType.CONVERSATION_PAUSED: "The conversation was paused.",
    EventType.CONVERSATION_RESUMED: "The conversation was resumed.",
    EventType.CONVERSATION_REOPENED: "The ended conversation was reopened.",
    EventType.EXPIRY_WARNED: "Both participants were warned that the conversation will end: {why}.",
    EventType.CONVERSATION_REPORTED: "{who} reported the conversation to the operator.",
    EventType.PARTICIPANT_BLOCKED: "{who} blocked the other participant.",
    EventType.MESSAGE_RELAYED: "A message from {whom} was received and relayed.",
    EventType.MESSAGE_HELD: "A message from {whom} was received and held.",
    EventType.MESSAGE_NOT_RELAYED: "A message from {whom} was received and not relayed: {why}.",
    EventType.MESSAGE_REPEATED: "A message from {whom} was received again and ignored.",
    EventType.COMMAND_RECEIVED: "A message from {whom} was received: keyword {detail}.",
    EventType.SYSTEM_TEXT_ACCEPTED: 'The system message "{detail}" to {whom} was accepted.',
    EventType.MESSAGE_SENT: "The carrier accepted the message.",
    EventType.MESSAGE_DELIVERED: "The message was delivered.",
    EventType.MESSAGE_UNDELIVERED: "The carrier could not deliver the message{because}.",
    EventType.MESSAGE_REFUSED: "The message was refused{because}.",
    EventType.MESSAGE_EXPIRED: "The message was too old and was not sent.",
    EventType.MESSAGE_UNKNOWN: "It is not known whether the carrier received the message.",
    EventType.MESSAGE_DROPPED: "{detail} held messages from {whom} were discarded at the end.",
    EventType.PERSON_OPTED_OUT: "{who} opted out of all messages.",
    EventType.PERSON_OPTED_IN: "{who} opted in again.",
    EventType.CODE_TRIES_EXCEEDED: "{who} entered too many wrong codes and cannot join for now.",
    EventType.POOL_CREATED: "The pool was created.",
    EventType.POOL_UPDATED: "The pool's settings were changed.",
    EventType.NUMBER_ADDED: "A masked number was added.",
    EventType.NUMBER_DRAINED: "A masked number was drained: it gets no new conversations.",
    EventType.NUMBER_REMOVED: "A masked number was removed.",
    EventType.MESSAGE_RESOLVED: "The uncertain send of the message was resolved{because}.",
    EventType.MESSAGE_DEAD_LETTERED: "The message could not be processed{because}.",
    EventType.MESSAGE_REPLAYED: "The message was returned to the outbox.",
    EventType.ATTACHMENTS_REFUSED: "Attachments of a message were not relayed.",
    EventType.CONVERSATION_ERASED: "The conversation was erased at a participant's request.",
    EventType.MESSAGE_RECOVERED: "A message from {whom} was found in the carrier's records.",
}

_REASONS = {
    "PARTICIPANT_ENDED": "a participant ended it",
    "OPERATOR_ENDED": "the operator ended it",
    "OPTED_OUT": "the recipient or a participant opted out of all messages",
    "CODE_EXPIRED": "nobody used the join code in time",
    "IDLE_EXPIRED": "there was no message for too long",
    "LIFETIME_EXPIRED": "it reached its maximum lifetime",
    "BLOCKED": "a participant blocked the other",
    "RESTORED": "it was in an older copy of Redis that was restored",
    "EMPTY": "it was empty",
    "ATTACHMENTS_ONLY": "it had only attachments",
    "ALREADY_TALKING": "it asked for a new conversation within this one",
    "NOBODY_JOINED": "nobody had joined yet",
    "LOOP": "two automatic responders were replying to each other",
    "PAUSED": "the conversation is paused",
    "TOO_MANY_HELD": "the limit of held messages is reached",
    "UNSUITABLE": "it had characters that cannot be sent, or was too long",
    "TOO_LONG": "it had more segments than the pool relays",
    "TOO_MANY": "its sender had reached the limit of relayed messages",
    "TOO_LATE": "it was sent before this conversation became active",
    "TOO_OLD": "it was so old that it may have been relayed before",
    "REACTION": "it was a reaction to a system message",
    "RECEIPT": "a delivery receipt arrived",
    "RECORD": "the carrier's records contain it",
    "SENT_AGAIN": "neither a delivery receipt nor a record was found, so it was sent again",
    "PREFERRED_DUPLICATE": "nothing was found out, so it was sent again",
    "PREFERRED_LOSS": "nothing was found out, so it was not sent again",
    "DROPPED_BY_OPERATOR": "the operator discarded it",
    "RETRIES_EXHAUSTED": "the maximum number of attempts was reached",
    "UNREADABLE": "it could not be decrypted or decoded",
    "INVALID": "the messaging service rejects it as invalid",
    "REFUSED_BY_CARRIER": "by the carrier",
}

_ORDINALS = ("the first participant", "the second participant")


def describe(event: Event, conversation: Conversation | None) -> str:
    """One sentence; without the conversation, participants are "a person"."""
    if event.type is EventType.MESSAGE_RELAYED and not event.participant_id:
        return "A client's message to a participant was received and relayed."
    whom = _whom(event.participant_id, conversation)
    why = _REASONS.get(event.detail, event.detail)
    return _SENTENCES[event.type].format(
        who=whom[0].upper() + whom[1:],
        whom=whom,
        why=why,
        because=f": {why}" if why else "",
        detail=event.detail,
    )


def _whom(participant_id: str, conversation: Conversation | None) -> str:
    person = conversation.participant(participant_id) if conversation else None
    if conversation is None or person is None:
        return "a person"
    return _ORDINALS[conversation.position(person)]
