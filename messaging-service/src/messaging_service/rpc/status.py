"""The one table from this service's errors to gRPC status codes."""

from grpc import StatusCode

from messaging_service.model import errors
from runtime.grpc.status import RpcStatus
from runtime.redis.clock import ClockUnknown

DOMAIN = "messaging.maskline"

CODES: dict[type[errors.MessagingError], StatusCode] = {
    errors.InvalidArgument: StatusCode.INVALID_ARGUMENT,
    errors.MessageNotFound: StatusCode.NOT_FOUND,
    errors.MessageIdReused: StatusCode.INVALID_ARGUMENT,
    errors.CarrierRequestRejected: StatusCode.FAILED_PRECONDITION,
    errors.CarrierCredentialsRejected: StatusCode.FAILED_PRECONDITION,
    errors.CapabilityMissing: StatusCode.UNIMPLEMENTED,
    errors.CarrierRateLimited: StatusCode.RESOURCE_EXHAUSTED,
    errors.CarrierUnavailable: StatusCode.UNAVAILABLE,
    errors.SendPaced: StatusCode.RESOURCE_EXHAUSTED,
    errors.SendTokenNotValid: StatusCode.INVALID_ARGUMENT,
    errors.MediaNotFound: StatusCode.NOT_FOUND,
    errors.BackendUnavailable: StatusCode.UNAVAILABLE,
    errors.SendInProgress: StatusCode.ABORTED,
}


def status_of(error: Exception) -> RpcStatus | None:
    """The status of an error of this service; None for any other exception."""
    if isinstance(error, ClockUnknown):
        error = errors.BackendUnavailable()
    if not isinstance(error, errors.MessagingError):
        return None
    return RpcStatus(
        code=CODES[type(error)],
        reason=error.reason,
        message=error.message,
        metadata=error.metadata,
        violations=error.violations if isinstance(error, errors.InvalidArgument) else (),
        retry_after=error.retry_after,
    )
