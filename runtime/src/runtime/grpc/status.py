"""Refusals on the wire: google.rpc.Status with one ErrorInfo, as AIP-193 asks."""

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
    """One field of a request that has a wrong form."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class RpcStatus:
    """All that a caller is told about a refusal."""

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: Sequence[FieldViolation] = ()
    retry_after: timedelta | None = None


def to_grpc_status(refusal: RpcStatus, *, domain: str) -> grpc.Status:
    """The refusal as grpc carries it, with its details in the trailers."""
    number: int = refusal.code.value[0]
    status = status_pb2.Status(code=number, message=refusal.message)
    status.details.extend(_details(refusal, domain))
    return rpc_status.to_status(status)


def _details(refusal: RpcStatus, domain: str) -> list[Any]:
    info = error_details_pb2.ErrorInfo(
        reason=refusal.reason, domain=domain, metadata=refusal.metadata
    )
    details = [_packed(info)]
    if refusal.violations:
        details.append(_packed(_bad_request(refusal.violations)))
    if refusal.retry_after is not None:
        delay = Duration()
        delay.FromTimedelta(refusal.retry_after)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return details


def _bad_request(violations: Sequence[FieldViolation]) -> error_details_pb2.BadRequest:
    listed = [
        error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description)
        for v in violations
    ]
    return error_details_pb2.BadRequest(field_violations=listed)


def _packed(
    detail: error_details_pb2.ErrorInfo
    | error_details_pb2.BadRequest
    | error_details_pb2.RetryInfo,
) -> Any:
    packed = Any()
    packed.Pack(detail)
    return packed
