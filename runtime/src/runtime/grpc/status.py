"""Errors on the wire: `google.rpc.Status` with one `ErrorInfo` (AIP-193)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request that is not valid."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class RpcStatus:
    """Everything that a caller gets to know about an error."""

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: Sequence[FieldViolation] = ()
    retry_after: timedelta | None = None


def to_grpc_status(error: RpcStatus, *, domain: str) -> grpc.Status:
    """The form that grpc sends, with the details in the trailers."""
    return rpc_status.to_status(item_status(error, domain=domain))


def item_status(error: RpcStatus, *, domain: str) -> status_pb2.Status:
    """The same error for one item of a batch."""
    number: int = error.code.value[0]
    status = status_pb2.Status(code=number, message=error.message)
    status.details.extend(_details(error, domain))
    return status


@dataclass(frozen=True, slots=True)
class StatusDetails:
    """What a caller decides by. The reason is empty if there is none."""

    reason: str = ""
    retry_after: timedelta | None = None


def details_of(status: status_pb2.Status) -> StatusDetails:
    """The reason and the retry delay of an item's error."""
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    retry_after = None
    for detail in status.details:
        detail.Unpack(info)
        if detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta()
    return StatusDetails(info.reason, retry_after)


def _details(error: RpcStatus, domain: str) -> list[Any]:
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=domain, metadata=error.metadata)
    details = [_packed(info)]
    if error.violations:
        details.append(_packed(_bad_request(error.violations)))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromTimedelta(error.retry_after)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return details


def _bad_request(violations: Sequence[FieldViolation]) -> error_details_pb2.BadRequest:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=violation.field, description=violation.description
            )
            for violation in violations
        ]
    )


def _packed(
    detail: error_details_pb2.ErrorInfo
    | error_details_pb2.BadRequest
    | error_details_pb2.RetryInfo,
) -> Any:
    packed = Any()
    packed.Pack(detail)
    return packed
