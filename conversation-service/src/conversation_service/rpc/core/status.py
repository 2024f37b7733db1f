"""Error statuses: the one table of refusals and gRPC codes."""

from datetime import timedelta

from google.rpc import status_pb2
from grpc import StatusCode
from redis.exceptions import RedisError

from conversation_service.domain import errors
from runtime.grpc.status import FieldViolation, RpcStatus, item_status

DOMAIN = "conversation.maskline"

# About as long as a restart of Redis or of the messaging service takes.
RETRY_AFTER = timedelta(seconds=1)

CODES: dict[type[errors.ConversationError], StatusCode] = {
    errors.InvalidArgument: StatusCode.INVALID_ARGUMENT,
    errors.PoolNotFound: StatusCode.NOT_FOUND,
    errors.MaskedNumberNotFound: StatusCode.NOT_FOUND,
    errors.ConversationNotFound: StatusCode.NOT_FOUND,
    errors.ParticipantNotFound: StatusCode.NOT_FOUND,
    errors.AlreadyInConversation: StatusCode.FAILED_PRECONDITION,
    errors.JoinCodeInvalid: StatusCode.FAILED_PRECONDITION,
    errors.ConversationNotActive: StatusCode.FAILED_PRECONDITION,
    errors.ConversationEnded: StatusCode.FAILED_PRECONDITION,
    errors.NoNumberAvailable: StatusCode.RESOURCE_EXHAUSTED,
    errors.RequestIdReused: StatusCode.FAILED_PRECONDITION,
    errors.PoolAlreadyExists: StatusCode.ALREADY_EXISTS,
    errors.MaskedNumberAlreadyAssigned: StatusCode.ALREADY_EXISTS,
    errors.MaskedNumberInUse: StatusCode.FAILED_PRECONDITION,
    errors.MaskedNumberNotActive: StatusCode.FAILED_PRECONDITION,
    errors.MaskedNumberBlockedAtCarrier: StatusCode.FAILED_PRECONDITION,
    errors.MaskedNumberCooling: StatusCode.FAILED_PRECONDITION,
    errors.UniqueNameAlreadyExists: StatusCode.ALREADY_EXISTS,
    errors.ParticipantOptedOut: StatusCode.FAILED_PRECONDITION,
    errors.PairBlocked: StatusCode.FAILED_PRECONDITION,
    errors.ContactLimitReached: StatusCode.RESOURCE_EXHAUSTED,
    errors.BlockNotFound: StatusCode.NOT_FOUND,
    errors.ConversationPaused: StatusCode.FAILED_PRECONDITION,
    errors.ConversationNotPaused: StatusCode.FAILED_PRECONDITION,
    errors.ConversationNotReopenable: StatusCode.FAILED_PRECONDITION,
    errors.HeldMessageLimitReached: StatusCode.RESOURCE_EXHAUSTED,
    errors.MaskedNumberLimitReached: StatusCode.RESOURCE_EXHAUSTED,
    errors.CursorExpired: StatusCode.OUT_OF_RANGE,
    errors.WatchTooSlow: StatusCode.RESOURCE_EXHAUSTED,
    errors.WatchLimitReached: StatusCode.RESOURCE_EXHAUSTED,
    errors.NumberLookupLimitReached: StatusCode.RESOURCE_EXHAUSTED,
    errors.CarrierCredentialsRejected: StatusCode.FAILED_PRECONDITION,
    errors.SendTokenInvalid: StatusCode.INVALID_ARGUMENT,
    errors.MediaNotFound: StatusCode.NOT_FOUND,
    errors.MessageNotFound: StatusCode.NOT_FOUND,
    errors.DeadLetterNotFound: StatusCode.NOT_FOUND,
    errors.DeadLetterUnreadable: StatusCode.FAILED_PRECONDITION,
    errors.ResponseExpired: StatusCode.FAILED_PRECONDITION,
    errors.ErasureNotFound: StatusCode.NOT_FOUND,
    errors.ConcurrentChange: StatusCode.ABORTED,
    errors.EtagMismatch: StatusCode.ABORTED,
    errors.BackendUnavailable: StatusCode.UNAVAILABLE,
    errors.ServerStopping: StatusCode.UNAVAILABLE,
    errors.RestorePending: StatusCode.UNAVAILABLE,
    errors.NoRestorePending: StatusCode.FAILED_PRECONDITION,
}


def status_of(error: Exception) -> RpcStatus | None:
    """The status of an error; None for an unexpected one, which becomes INTERNAL without detail."""
    refusal = errors.BackendUnavailable() if isinstance(error, RedisError | OSError) else error
    if not isinstance(refusal, errors.ConversationError):
        return None
    return rpc_status(refusal)


def rpc_status(refusal: errors.ConversationError) -> RpcStatus:
    """The status of a refusal, of a call or of an item."""
    code = _code(refusal)
    return RpcStatus(
        code=code,
        reason=refusal.reason,
        message=refusal.message,
        metadata=refusal.metadata,
        violations=_violations(refusal),
        retry_after=RETRY_AFTER if code is StatusCode.UNAVAILABLE else refusal.retry_after,
    )


def too_slow() -> errors.ConversationError:
    """The refusal of a client that does not read its stream."""
    return errors.WatchTooSlow()


def item_error(refusal: errors.ConversationError) -> status_pb2.Status:
    """The error of one item of a batch, as a call returns it."""
    return item_status(rpc_status(refusal), domain=DOMAIN)


def _code(refusal: errors.ConversationError) -> StatusCode:
    return next(CODES[kind] for kind in type(refusal).__mro__ if kind in CODES)


def _violations(refusal: errors.ConversationError) -> list[FieldViolation]:
    if not isinstance(refusal, errors.InvalidArgument):
        return []
    return [FieldViolation(field, description) for field, description in refusal.violations]
