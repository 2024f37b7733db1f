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


class PoolNotFound(ConversationError):
    """No pool has this name."""

    reason = "POOL_NOT_FOUND"

    def __init__(self, pool: str) -> None:
        super().__init__(f"there is no pool {pool!r}", pool=pool)


class UnknownMaskedNumber(ConversationError):
    """No pool owns the number, or not the one that was named."""

    reason = "UNKNOWN_MASKED_NUMBER"

    def __init__(self) -> None:
        super().__init__("the masked number belongs to no pool that may be used here")


class _AboutConversation(ConversationError):
    sentence: ClassVar[str]

    def __init__(self, conversation_id: str) -> None:
        message = self.sentence.format(conversation_id=conversation_id)
        super().__init__(message, conversation_id=conversation_id)


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


class AlreadyInConversation(ConversationError):
    """The person is in a live conversation on the masked number."""

    reason = "ALREADY_IN_CONVERSATION"

    def __init__(self) -> None:
        super().__init__("the person is in a live conversation on this masked number; end it first")


class CodeNotValid(ConversationError):
    """Wrong, used, expired or the person's own: all get the same answer."""

    reason = "CODE_NOT_VALID"

    def __init__(self) -> None:
        super().__init__("the code does not work; ask for a new one")


class NoNumberAvailable(ConversationError):
    """The person has a live conversation on every number of the pool."""

    reason = "NO_NUMBER_AVAILABLE"

    def __init__(self, pool: str) -> None:
        super().__init__(f"the person has a conversation on every number of {pool!r}", pool=pool)


class RequestIdReused(ConversationError):
    """The id was used for something else."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"{request_id!r} was used for something else", request_id=request_id)


class TooManyRaces(ConversationError):
    """Others changed the same conversation at the same time, again and again."""

    reason = "TOO_MANY_RACES"

    def __init__(self) -> None:
        super().__init__("others changed the same conversation at the same time; try again")


class BackendUnavailable(ConversationError):
    """Redis or the messaging service does not answer."""

    reason = "BACKEND_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("a part behind this service does not answer; try again")
