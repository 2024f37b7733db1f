"""Errors that a caller can act on, by what they are about.

`reason` is published in the protos; `message` and `metadata` never hold a phone number or a body.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar, NamedTuple


class FieldViolation(NamedTuple):
    """One field of a request that has a wrong form."""

    field: str
    description: str


class ConversationError(Exception):
    """A refusal. `metadata` repeats every value in the message."""

    reason: ClassVar[str]
    # How long to wait, if waiting helps.
    retry_after: timedelta | None = None

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata


class InvalidArgument(ConversationError):
    reason = "INVALID_ARGUMENT"

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in violations))
        self.violations = violations


class _FixedError(ConversationError):
    """An error with a fixed message and no metadata."""

    text: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.text)


class _NamedError(ConversationError):
    """An error about one thing: its id is in the message and, as `key`, in the metadata."""

    key: ClassVar[str]
    text: ClassVar[str]

    def __init__(self, name: str) -> None:
        metadata = {self.key: name}
        super().__init__(self.text.format(**metadata), **metadata)


class _ConversationIdError(_NamedError):
    key = "conversation_id"


class ConversationNotFound(_ConversationIdError):
    reason = "CONVERSATION_NOT_FOUND"
    text = "conversation {conversation_id} is not stored in this pool"


class ParticipantNotFound(_ConversationIdError):
    reason = "PARTICIPANT_NOT_FOUND"
    text = "the participant is not in conversation {conversation_id}"


class ConversationNotActive(_ConversationIdError):
    reason = "CONVERSATION_NOT_ACTIVE"
    text = "nobody has joined conversation {conversation_id} yet"


class ConversationEnded(_ConversationIdError):
    reason = "CONVERSATION_ENDED"
    text = "conversation {conversation_id} has ended"


class ConversationPaused(_ConversationIdError):
    reason = "CONVERSATION_PAUSED"
    text = "conversation {conversation_id} is paused; resume it first"


class ConversationNotPaused(_ConversationIdError):
    reason = "CONVERSATION_NOT_PAUSED"
    text = "conversation {conversation_id} is not paused"


class ConversationNotReopenable(_ConversationIdError):
    reason = "CONVERSATION_NOT_REOPENABLE"
    text = "conversation {conversation_id} cannot be reopened; open a new one"


class TooManyHeld(_ConversationIdError):
    reason = "TOO_MANY_HELD"
    text = "conversation {conversation_id} holds the maximum of messages; resume it first"


class AlreadyInConversation(_FixedError):
    reason = "ALREADY_IN_CONVERSATION"
    text = "a person is in a live conversation on this masked number; end it first"


class CodeNotValid(_FixedError):
    """Wrong, used, expired, one's own, or too many attempts: callers must not learn which."""

    reason = "CODE_NOT_VALID"
    text = "the code does not work; ask for a new one"


class ParticipantOptedOut(_FixedError):
    reason = "PARTICIPANT_OPTED_OUT"
    text = "a person has opted out of all messages; only they can opt in again"


class PairBlocked(_FixedError):
    reason = "PAIR_BLOCKED"
    text = "one of the two has blocked the other in this pool"


class UnknownMaskedNumber(_FixedError):
    reason = "UNKNOWN_MASKED_NUMBER"
    text = "the masked number belongs to no pool that may be used here"


class NumberTaken(_FixedError):
    reason = "NUMBER_TAKEN"
    text = "another pool has one of the masked numbers; remove it there first"


class NumberInUse(_FixedError):
    reason = "NUMBER_IN_USE"
    text = "the masked number has live conversations; drain it and wait for their end"


class NumberNotActive(_FixedError):
    reason = "NUMBER_NOT_ACTIVE"
    text = "the masked number takes no new conversations; add it again or choose another"


class NumberCooling(_FixedError):
    reason = "NUMBER_COOLING"
    text = "a person's last conversation on this masked number has only just ended; wait"


class _PoolError(_NamedError):
    key = "pool"


class PoolNotFound(_PoolError):
    reason = "POOL_NOT_FOUND"
    text = "there is no pool {pool!r}"


class PoolExists(_PoolError):
    reason = "POOL_EXISTS"
    text = "there is a pool {pool!r} already"


class PoolFull(_PoolError):
    reason = "POOL_FULL"
    text = "pool {pool!r} has the maximum of masked numbers; create another pool"


class UniqueNameTaken(_PoolError):
    reason = "UNIQUE_NAME_TAKEN"
    text = "a live conversation of pool {pool!r} has this unique name"


class NoNumberAvailable(_PoolError):
    reason = "NO_NUMBER_AVAILABLE"
    text = "no number of pool {pool!r} is free for all these people; add one or wait"


class _DeadLetterError(_NamedError):
    key = "dead_letter_id"


class DeadLetterNotFound(_DeadLetterError):
    reason = "DEAD_LETTER_NOT_FOUND"
    text = "dead letter {dead_letter_id} is not stored in this pool"


class DeadLetterUnreadable(_DeadLetterError):
    reason = "DEAD_LETTER_UNREADABLE"
    text = "dead letter {dead_letter_id} cannot be read; it can only be discarded"


class ErasureNotFound(_NamedError):
    key = "erasure_id"
    reason = "ERASURE_NOT_FOUND"
    text = "erasure {erasure_id} is not known"


class CursorExpired(_FixedError):
    reason = "CURSOR_EXPIRED"
    text = "events after the cursor are not stored any more; start again with START_POSITION_OLDEST"


class WatcherTooSlow(_FixedError):
    reason = "WATCHER_TOO_SLOW"
    text = "the watcher did not read for too long; resume with its last cursor"


class ServerStopping(_FixedError):
    reason = "SERVER_STOPPING"
    text = "this replica stops; resume the watch at once with its last cursor"


class TooManyWatchers(_FixedError):
    reason = "TOO_MANY_WATCHERS"
    text = "this replica or this caller has the maximum of open watches; close some or try again"


class NumberLookupLimitReached(ConversationError):
    reason = "NUMBER_LOOKUP_LIMIT_REACHED"

    def __init__(self, limit: int, retry_after: timedelta) -> None:
        super().__init__(f"the caller may look up {limit} numbers a minute; wait", limit=str(limit))
        self.retry_after = retry_after


class _RequestIdError(_NamedError):
    key = "request_id"


class RequestIdReused(_RequestIdError):
    reason = "REQUEST_ID_REUSED"
    text = "{request_id!r} was used for a request with other fields"


class ResponseExpired(_RequestIdError):
    reason = "ANSWER_FORGOTTEN"
    text = "{request_id!r} was carried out, and its conversation is not stored any more"


class CommitContention(_FixedError):
    reason = "TOO_MANY_RACES"
    text = "others changed the same conversation at the same time; try again"


class BackendUnavailable(_FixedError):
    reason = "BACKEND_UNAVAILABLE"
    text = "Redis or the messaging service does not answer; try again"


class RestorePending(_FixedError):
    reason = "RESTORE_PENDING"
    text = "an older copy of Redis was restored; nothing changes until an operator accepts it"


class NoRestorePending(_FixedError):
    reason = "NO_RESTORE_PENDING"
    text = "Redis is as new as this replica has seen it; there is nothing to accept"


class CarrierAccountRefused(_FixedError):
    reason = "CARRIER_ACCOUNT_REFUSED"
    text = "the carrier refused the account's keys; check them at the messaging service"


class SendTokenNotValid(_FixedError):
    reason = "SEND_TOKEN_NOT_VALID"
    text = "no attempt has this token"


class MediaNotFound(_FixedError):
    reason = "MEDIA_NOT_FOUND"
    text = "no file is stored under this token"
