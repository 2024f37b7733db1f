"""The one table from this service's errors to gRPC status codes."""

from grpc import StatusCode

from messaging_service.model import errors
from runtime.grpc.status import RpcStatus
from runtime.redis.clock import ClockUnknown

DOMAIN = "messaging.maskline"

CODES: dict[type[errors.MessagingError], StatusCode] = {
    errors.InvalidArgument: StatusCode.INVALID_ARGUMENT,
    errors.MessageNotFound: StatusCode.NOT_FOUND,
    errors.MessageIdReused: StatusCode.FAILED_PRECONDITION,
    errors.CarrierRequestRejected: StatusCode.FAILED_PRECONDITION,
    errors.CarrierCredentialsRejected: StatusCode.FAILED_PRECONDITION,
    errors.CarrierAccountNotFound: StatusCode.NOT_FOUND,
    errors.CapabilityMissing: StatusCode.UNIMPLEMENTED,
    errors.CarrierRateLimited: StatusCode.RESOURCE_EXHAUSTED,
    errors.CarrierUnavailable: StatusCode.UNAVAILABLE,
    errors.SendPaced: StatusCode.RESOURCE_EXHAUSTED,
    errors.SendTokenInvalid: StatusCode.INVALID_ARGUMENT,
    errors.MediaNotFound: StatusCode.NOT_FOUND,
    errors.BackendUnavailable: StatusCode.UNAVAILABLE,
    errors.SendInProgress: StatusCode.ABORTED,
}


def status_of(error: Exception) -> RpcStatus | None:
    """The status of an error of this service; None for any other exception."""
    if isinstance(error, ClockUnknown):
        error = errors.BackendUnavailable()
    return rpc_status(error) if isinstance(error, errors.MessagingError) else None


def rpc_status(error: errors.MessagingError) -> RpcStatus:
    """The status of an error, as a call or an item returns it."""
    return RpcStatus(
        code=_code(error),
        reason=error.reason,
        message=error.message,
        metadata=error.metadata,
        violations=error.violations if isinstance(error, errors.InvalidArgument) else (),
        retry_after=error.retry_after,
    )


def _code(error: errors.MessagingError) -> StatusCode:
    """A subclass without a code of its own has its parent's, as it has its reason."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
