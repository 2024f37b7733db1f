"""Refusals that a caller can act on."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class FieldViolation(NamedTuple):
    """One field of a request that has a wrong form."""

    field: str
    description: str


class ConversationError(Exception):
    """A refusal. `metadata` repeats every value in the message; neither holds a number or text."""

    reason: ClassVar[str]

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata


class InvalidArgument(ConversationError):
    """Fields are missing or have a wrong form."""

    reason = "INVALID_ARGUMENT"

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        super().__init__("; ".join(f"{field}: {told}" for field, told in violations))
        self.violations = violations


class _About(ConversationError):
    """Names one thing: by `key` in the metadata, and in the sentence."""

    key: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, name: str) -> None:
        told = {self.key: name}
        super().__init__(self.sentence.format(**told), **told)


class PoolNotFound(_About):
    """No pool has this name."""

    key = "pool"
    reason = "POOL_NOT_FOUND"
    sentence = "there is no pool {pool!r}"


class UnknownMaskedNumber(ConversationError):
    """No pool owns the number, or not the one that was named."""

    reason = "UNKNOWN_MASKED_NUMBER"

    def __init__(self) -> None:
        super().__init__("the masked number belongs to no pool that may be used here")


class _AboutConversation(_About):
    key = "conversation_id"


class ConversationNotFound(_AboutConversation):
    """No such conversation is kept in this pool."""

    reason = "CONVERSATION_NOT_FOUND"
    sentence = "conversation {conversation_id} is not kept in this pool"


class ParticipantNotFound(_AboutConversation):
    """The participant is not in this conversation."""

    reason = "PARTICIPANT_NOT_FOUND"
    sentence = "the participant is not in conversation {conversation_id}"


class ConversationNotActive(_AboutConversation):
    """Nobody has joined yet."""

    reason = "CONVERSATION_NOT_ACTIVE"
    sentence = "nobody has joined conversation {conversation_id} yet"


class ConversationEnded(_AboutConversation):
    """The conversation is over."""

    reason = "CONVERSATION_ENDED"
    sentence = "conversation {conversation_id} has ended"


class ConversationPaused(_AboutConversation):
    """The conversation is paused."""

    reason = "CONVERSATION_PAUSED"
    sentence = "conversation {conversation_id} is paused; resume it first"


class ConversationNotPaused(_AboutConversation):
    """The conversation is not paused."""

    reason = "CONVERSATION_NOT_PAUSED"
    sentence = "conversation {conversation_id} is not paused"


class ConversationNotReopenable(_AboutConversation):
    """The ending cannot be taken back."""

    reason = "CONVERSATION_NOT_REOPENABLE"
    sentence = "conversation {conversation_id} cannot be reopened; open a new one"


class TooManyHeld(_AboutConversation):
    """As many texts are held as may be."""

    reason = "TOO_MANY_HELD"
    sentence = "conversation {conversation_id} holds as many texts as it may; resume it first"


class _Plain(ConversationError):
    sentence: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.sentence)


class AlreadyInConversation(_Plain):
    """A person is in a live conversation on the masked number."""

    reason = "ALREADY_IN_CONVERSATION"
    sentence = "a person is in a live conversation on this masked number; end it first"


class CodeNotValid(_Plain):
    """Wrong, used, expired or the person's own, or too many tries: all get the same answer."""

    reason = "CODE_NOT_VALID"
    sentence = "the code does not work; ask for a new one"


class NumberTaken(_Plain):
    """Another pool has the masked number."""

    reason = "NUMBER_TAKEN"
    sentence = "another pool has a masked number that was named; remove it there first"


class NumberInUse(_Plain):
    """The masked number has live conversations."""

    reason = "NUMBER_IN_USE"
    sentence = "the masked number has live conversations; drain it and wait for their end"


class NumberNotActive(_Plain):
    """The masked number takes no new conversations."""

    reason = "NUMBER_NOT_ACTIVE"
    sentence = "the masked number takes no new conversations; add it again or choose another"


class NumberCooling(_Plain):
    """A person's last conversation on the masked number has only just ended."""

    reason = "NUMBER_COOLING"
    sentence = "a person's last conversation on this masked number has only just ended; wait"


class ParticipantOptedOut(_Plain):
    """A person has opted out of all texts."""

    reason = "PARTICIPANT_OPTED_OUT"
    sentence = "a person has opted out of all texts; only they can opt in again"


class PairBlocked(_Plain):
    """One of the two has blocked the other."""

    reason = "PAIR_BLOCKED"
    sentence = "one of the two has blocked the other in this pool"


class CursorExpired(_Plain):
    """Events behind the cursor are no longer kept."""

    reason = "CURSOR_EXPIRED"
    sentence = 'events behind the cursor are no longer kept; begin again with "0"'


class WatcherTooSlow(_Plain):
    """The watcher did not read for too long."""

    reason = "WATCHER_TOO_SLOW"
    sentence = "the watcher did not read for too long; resume with its last cursor"


class TooManyWatchers(_Plain):
    """As many watches are open as this replica serves."""

    reason = "TOO_MANY_WATCHERS"
    sentence = "as many watches are open as this replica serves; close some or try again"


class CarrierAccountRefused(_Plain):
    """The carrier refused the account's credentials."""

    reason = "CARRIER_ACCOUNT_REFUSED"
    sentence = "the carrier refused the account's keys; check them at the messaging service"


class SendTokenNotValid(_Plain):
    """The token of a receipt's address was forged or altered."""

    reason = "SEND_TOKEN_NOT_VALID"
    sentence = "no attempt has this token"


class MediaNotFound(_Plain):
    """No file is kept under this token, or not any more."""

    reason = "MEDIA_NOT_FOUND"
    sentence = "no such file is kept"


class _AboutDeadLetter(_About):
    key = "dead_letter_id"


class DeadLetterNotFound(_AboutDeadLetter):
    """No such dead letter is kept in this pool."""

    reason = "DEAD_LETTER_NOT_FOUND"
    sentence = "dead letter {dead_letter_id} is not kept in this pool"


class DeadLetterUnreadable(_AboutDeadLetter):
    """It cannot be read, so it can only be dropped."""

    reason = "DEAD_LETTER_UNREADABLE"
    sentence = "dead letter {dead_letter_id} cannot be read; it can only be dropped"


class _AboutPool(_About):
    key = "pool"


class PoolExists(_AboutPool):
    """A pool has this name."""

    reason = "POOL_EXISTS"
    sentence = "there is a pool {pool!r} already"


class PoolFull(_AboutPool):
    """The pool has as many masked numbers as it may."""

    reason = "POOL_FULL"
    sentence = "pool {pool!r} has as many masked numbers as a pool may have; create another pool"


class UniqueNameTaken(_AboutPool):
    """A live conversation has this unique name."""

    reason = "UNIQUE_NAME_TAKEN"
    sentence = "a live conversation of pool {pool!r} has this unique name"


class NoNumberAvailable(_AboutPool):
    """On every number that may be given, a person has a live or cooling conversation."""

    reason = "NO_NUMBER_AVAILABLE"
    sentence = "no number of pool {pool!r} is free for everybody concerned; add one or wait"


class RequestIdReused(_About):
    """The id was used for something else."""

    key = "request_id"
    reason = "REQUEST_ID_REUSED"
    sentence = "{request_id!r} was used for something else"


class ResponseExpired(_About):
    """The request was carried out; the conversation that its answer held is kept no longer."""

    key = "request_id"
    reason = "ANSWER_FORGOTTEN"
    sentence = "{request_id!r} was carried out, and its conversation is kept no longer"


class ErasureNotFound(_About):
    """No erasure of this id is known, or not any more."""

    key = "erasure_id"
    reason = "ERASURE_NOT_FOUND"
    sentence = "erasure {erasure_id} is not known"


class CommitContention(_Plain):
    """Others changed the same conversation at the same time, again and again."""

    reason = "TOO_MANY_RACES"
    sentence = "others changed the same conversation at the same time; try again"


class BackendUnavailable(_Plain):
    """Redis or the messaging service does not answer."""

    reason = "BACKEND_UNAVAILABLE"
    sentence = "a part behind this service does not answer; try again"
