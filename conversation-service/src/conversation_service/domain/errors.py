"""Errors that a caller can act on. `message` and `metadata` hold no phone number and no body."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple


class FieldViolation(NamedTuple):
    """One field of a request that has a wrong form."""

    field: str
    description: str


class ConversationError(Exception):
    """A refusal. `reason` is in the protos; `metadata` repeats every value in the message."""

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


class _DetailedError(ConversationError):
    """An error whose text names values: its metadata, by `keys` in the order of the arguments."""

    keys: ClassVar[tuple[str, ...]] = ()
    text: ClassVar[str]

    def __init__(self, *values: str | int | datetime) -> None:
        metadata = {key: _shown(value) for key, value in zip(self.keys, values, strict=True)}
        super().__init__(self.text.format(**metadata), **metadata)


def _shown(value: str | int | datetime) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


class _ConversationIdError(_DetailedError):
    keys = ("conversation_id",)


class ConversationNotFound(_ConversationIdError):
    reason = "CONVERSATION_NOT_FOUND"
    text = "conversation {conversation_id} is not stored in this pool"


class ParticipantNotFound(_DetailedError):
    keys = ("conversation_id", "participant_id")
    reason = "PARTICIPANT_NOT_FOUND"
    text = "participant {participant_id} is not in conversation {conversation_id}"


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


class HeldMessageLimitReached(_DetailedError):
    keys = ("conversation_id", "limit")
    reason = "HELD_MESSAGE_LIMIT_REACHED"
    text = "conversation {conversation_id} holds the maximum of {limit} messages; resume it first"


class AlreadyInConversation(_DetailedError):
    keys = ("participant", "conversation_id")
    reason = "ALREADY_IN_CONVERSATION"
    text = "{participant} is in live conversation {conversation_id} on this number; end it first"


class JoinCodeInvalid(_DetailedError):
    # Wrong, used, expired, one's own, or too many attempts: callers must not learn which.
    reason = "JOIN_CODE_INVALID"
    text = "the code does not work; ask for a new one"


class ParticipantOptedOut(_DetailedError):
    keys = ("participant",)
    reason = "PARTICIPANT_OPTED_OUT"
    text = "{participant} has opted out of all messages; only they can opt in again"


class PairBlocked(_DetailedError):
    reason = "PAIR_BLOCKED"
    text = "one of the two has blocked the other in this pool"


class BlockNotFound(_DetailedError):
    keys = ("block_id",)
    reason = "BLOCK_NOT_FOUND"
    text = "no block {block_id} is in force in this pool"


class MaskedNumberNotFound(_DetailedError):
    reason = "MASKED_NUMBER_NOT_FOUND"
    text = "the masked number belongs to no pool that may be used here"


class MaskedNumberAlreadyAssigned(_DetailedError):
    keys = ("field", "pool_id")
    reason = "MASKED_NUMBER_ALREADY_ASSIGNED"
    text = "{field} belongs to pool {pool_id!r} already"


class MaskedNumberInUse(_DetailedError):
    reason = "MASKED_NUMBER_IN_USE"
    text = "the masked number has live conversations; drain it and wait for their end"


class MaskedNumberNotActive(_DetailedError):
    reason = "MASKED_NUMBER_NOT_ACTIVE"
    text = "the masked number takes no new conversations; activate it or choose another"


class MaskedNumberBlockedAtCarrier(_DetailedError):
    keys = ("participant",)
    reason = "MASKED_NUMBER_BLOCKED_AT_CARRIER"
    text = "{participant} opted out of this masked number at the carrier; only they can lift that"


class MaskedNumberCooling(_DetailedError):
    keys = ("participant", "conversation_id", "retry_time")
    reason = "MASKED_NUMBER_COOLING"
    text = "conversation {conversation_id} of {participant} here cools off until {retry_time}"


class ContactLimitReached(_DetailedError):
    keys = ("participant", "retry_time")
    reason = "CONTACT_LIMIT_REACHED"
    text = "{participant} may be contacted again from {retry_time} on, or texts first"


class PoolNotFound(_DetailedError):
    keys = ("pool_id",)
    reason = "POOL_NOT_FOUND"
    text = "there is no pool {pool_id!r}"


class PoolAlreadyExists(_DetailedError):
    keys = ("pool_id",)
    reason = "POOL_ALREADY_EXISTS"
    text = "there is a pool {pool_id!r} already"


class MaskedNumberLimitReached(_DetailedError):
    keys = ("pool_id", "limit")
    reason = "MASKED_NUMBER_LIMIT_REACHED"
    text = "pool {pool_id!r} may have at most {limit} masked numbers; create another pool"


class UniqueNameAlreadyExists(_DetailedError):
    keys = ("pool_id", "conversation_id")
    reason = "UNIQUE_NAME_ALREADY_EXISTS"
    text = "the live conversation {conversation_id} of pool {pool_id!r} has this unique name"


class NoNumberAvailable(_DetailedError):
    keys = ("pool_id",)
    reason = "NO_NUMBER_AVAILABLE"
    text = "no number of pool {pool_id!r} is free for all these people; add one or wait"


class MessageNotFound(_DetailedError):
    keys = ("message_id",)
    reason = "MESSAGE_NOT_FOUND"
    text = "this pool keeps no message {message_id}"


class DeadLetterNotFound(_DetailedError):
    keys = ("dead_letter_id",)
    reason = "DEAD_LETTER_NOT_FOUND"
    text = "dead letter {dead_letter_id} is not stored in this pool"


class DeadLetterUnreadable(_DetailedError):
    keys = ("dead_letter_id",)
    reason = "DEAD_LETTER_UNREADABLE"
    text = "dead letter {dead_letter_id} cannot be read; it can only be discarded"


class ErasureNotFound(_DetailedError):
    keys = ("erasure_id",)
    reason = "ERASURE_NOT_FOUND"
    text = "erasure {erasure_id} is not known"


class CursorExpired(_DetailedError):
    reason = "CURSOR_EXPIRED"
    text = "events after the cursor are not stored any more; start again with START_POSITION_OLDEST"


class WatchTooSlow(_DetailedError):
    reason = "WATCH_TOO_SLOW"
    text = "the watcher did not read for too long; resume with its last cursor"


class WatchLimitReached(_DetailedError):
    keys = ("limit",)
    reason = "WATCH_LIMIT_REACHED"
    text = "{limit} watches are open, the maximum of this replica or caller; close some or wait"
    # Watches last for hours: asking more often seldom helps.
    retry_after = timedelta(seconds=10)


class ServerStopping(_DetailedError):
    reason = "SERVER_STOPPING"
    text = "this replica stops; resume the watch at once with its last cursor"


class NumberLookupLimitReached(ConversationError):
    reason = "NUMBER_LOOKUP_LIMIT_REACHED"

    def __init__(self, limit: int, retry_after: timedelta) -> None:
        super().__init__(f"the caller may look up {limit} numbers a minute; wait", limit=str(limit))
        self.retry_after = retry_after


class RequestIdReused(_DetailedError):
    keys = ("request_id",)
    reason = "REQUEST_ID_REUSED"
    text = "{request_id!r} was used for a request with other fields"


class ResponseExpired(_DetailedError):
    keys = ("request_id",)
    reason = "RESPONSE_EXPIRED"
    text = "{request_id!r} was carried out, and its conversation is not stored any more"


class ConcurrentChange(_DetailedError):
    reason = "CONCURRENT_CHANGE"
    text = "others changed the same conversation at the same time; try again"


class EtagMismatch(_DetailedError):
    keys = ("etag",)
    reason = "ETAG_MISMATCH"
    text = "it has changed since this etag was read, and has {etag} now; read it again"


class BackendUnavailable(_DetailedError):
    reason = "BACKEND_UNAVAILABLE"
    text = "Redis or the messaging service does not answer; try again"


class RestorePending(_DetailedError):
    reason = "RESTORE_PENDING"
    text = "an older copy of Redis was restored; nothing changes until an operator accepts it"


class NoRestorePending(_DetailedError):
    reason = "NO_RESTORE_PENDING"
    text = "Redis is as new as this replica has seen it; there is nothing to accept"


class CarrierCredentialsRejected(_DetailedError):
    reason = "CARRIER_CREDENTIALS_REJECTED"
    text = "the carrier refused the account's keys; check them at the messaging service"


class SendTokenInvalid(_DetailedError):
    reason = "SEND_TOKEN_INVALID"
    text = "no attempt has this token"


class MediaNotFound(_DetailedError):
    reason = "MEDIA_NOT_FOUND"
    text = "no file is stored under this token"
