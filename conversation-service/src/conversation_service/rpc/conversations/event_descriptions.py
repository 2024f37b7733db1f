"""Events as sentences for people. They hold neither numbers nor words of a text."""

from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType

_SENTENCES = {
    EventType.CONVERSATION_STARTED: "{who} started a conversation and got a code.",
    EventType.CONVERSATION_OPENED: "A client opened the conversation between two people.",
    EventType.CONVERSATION_JOINED: "{who} joined.",
    EventType.CONVERSATION_ENDED: "The conversation ended: {why}.",
    EventType.CONVERSATION_PAUSED: "The conversation was paused.",
    EventType.CONVERSATION_RESUMED: "The conversation was resumed.",
    EventType.CONVERSATION_REOPENED: "The ended conversation was reopened.",
    EventType.EXPIRY_WARNED: "Both were warned of an end to come: {why}.",
    EventType.CONVERSATION_REPORTED: "{who} reported the conversation to the operator.",
    EventType.PARTICIPANT_BLOCKED: "{who} blocked the other person.",
    EventType.MESSAGE_RELAYED: "A text of {whom} was received and passed on.",
    EventType.MESSAGE_HELD: "A text of {whom} was received and is held.",
    EventType.MESSAGE_NOT_RELAYED: "A text of {whom} was received and not passed on: {why}.",
    EventType.MESSAGE_REPEATED: "A text of {whom} came again; nothing was done again.",
    EventType.COMMAND_RECEIVED: "A text of {whom} was received and understood as {detail}.",
    EventType.SYSTEM_TEXT_ACCEPTED: 'Maskline wrote a text to {whom}: "{detail}".',
    EventType.MESSAGE_SENT: "The carrier took the text.",
    EventType.MESSAGE_DELIVERED: "The text reached the handset.",
    EventType.MESSAGE_UNDELIVERED: "The carrier could not deliver the text{because}.",
    EventType.MESSAGE_REFUSED: "The text was refused{because}.",
    EventType.MESSAGE_EXPIRED: "The text was given up, as it had become too old.",
    EventType.MESSAGE_UNKNOWN: "Whether the carrier has the text is not known.",
    EventType.MESSAGE_DROPPED: "{detail} held texts of {whom} were dropped at the end.",
    EventType.PERSON_OPTED_OUT: "{who} opted out of all texts.",
    EventType.PERSON_OPTED_IN: "{who} opted in again.",
    EventType.CODE_TRIES_EXCEEDED: "{who} tried too many wrong codes and cannot join for a while.",
    EventType.POOL_CREATED: "The pool was created.",
    EventType.POOL_UPDATED: "The pool's settings were changed.",
    EventType.NUMBER_ADDED: "A masked number was added.",
    EventType.NUMBER_DRAINED: "A masked number takes no new conversations any more.",
    EventType.NUMBER_REMOVED: "A masked number was removed.",
    EventType.MESSAGE_RESOLVED: "It was found out what became of the text{because}.",
    EventType.MESSAGE_DEAD_LETTERED: "The text could not be processed{because}.",
    EventType.MESSAGE_REPLAYED: "The text was put back among those to be sent.",
    EventType.ATTACHMENTS_REFUSED: "Files of a text were not passed on.",
    EventType.CONVERSATION_ERASED: "The conversation was removed, as a participant wished.",
    EventType.MESSAGE_RECOVERED: "A text of {whom} was found in the carrier's records.",
}

_REASONS = {
    "PARTICIPANT_ENDED": "a participant ended it",
    "OPERATOR_ENDED": "the operator ended it",
    "OPTED_OUT": "its recipient, or a participant, opted out of all texts",
    "CODE_EXPIRED": "nobody used the code in time",
    "IDLE_EXPIRED": "nobody texted for too long",
    "LIFETIME_EXPIRED": "it had lasted as long as it may",
    "BLOCKED": "one blocked the other",
    "EMPTY": "it had no words",
    "ATTACHMENTS_ONLY": "it had only attachments",
    "ALREADY_TALKING": "it asked for a new conversation within this one",
    "NOBODY_JOINED": "nobody had joined yet",
    "LOOP": "the same two texts kept answering each other, as machines do",
    "PAUSED": "the conversation is paused",
    "TOO_MANY_HELD": "as many texts are held as may be",
    "UNSUITABLE": "it had characters that no text can have, or was too long",
    "TOO_LATE": "it was sent before this conversation became active",
    "RECEIPT": "a receipt of the carrier came",
    "RECORD": "the carrier has it on record",
    "SENT_AGAIN": "neither a receipt nor a record told of it, so it was sent again",
    "PREFERRED_DUPLICATE": "nothing told, so it was sent again",
    "PREFERRED_LOSS": "nothing told, so it was given up",
    "DROPPED_BY_OPERATOR": "the operator dropped it",
    "RETRIES_EXHAUSTED": "it was tried too often",
    "UNREADABLE": "it could not be read",
    "INVALID": "the messaging service does not take it",
    "REFUSED_BY_CARRIER": "by the carrier",
}

_ORDINALS = ("the first participant", "the second participant")


def describe(event: Event, conversation: Conversation | None) -> str:
    """What happened, to whom and why."""
    if event.type is EventType.MESSAGE_RELAYED and not event.participant_id:
        return "A client's text to a participant was received and passed on."
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
    known = conversation.participant(participant_id) if conversation else None
    if conversation is None or known is None:
        return "a person"
    return _ORDINALS[conversation.position(known)]
