"""Failures as text or JSON, and their exit statuses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from maskline_cli.connection.client import CallFailed

Detail = TypeVar("Detail", bound=Message)

# As in sysexits.h.
EX_UNAVAILABLE = 69
EX_SOFTWARE = 70

_UNREACHABLE = {
    grpc.StatusCode.UNAVAILABLE: "cannot be reached",
    grpc.StatusCode.DEADLINE_EXCEEDED: "did not answer in time",
}

_HINTS = {
    grpc.StatusCode.UNAUTHENTICATED: "Use --token-file (MASKLINE_TOKEN_FILE) or --tls-certificate, "
    "with a token or certificate that the service's callers file lists.",
    grpc.StatusCode.PERMISSION_DENIED: "Roles and their permissions: docs/security.md.",
}

# After these codes the change may or may not have been made.
_MAYBE_DONE = {
    *_UNREACHABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}

# ABORTED for good: what was read is not so any more.
_NOT_DONE = "ETAG_MISMATCH"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure to print; `request_id` is set if the change may be repeated with it.

    `hint` is printed for people only.
    """

    status: str
    message: str
    exit_status: int
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: Mapping[str, str] = field(default_factory=dict)
    retry_after_seconds: float | None = None
    request_id: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, object]:
        """The documented form."""
        violations = [
            {"field": field, "description": description}
            for field, description in self.violations.items()
        ]
        return {
            "error": {
                "status": self.status,
                "reason": self.reason,
                "message": self.message,
                "metadata": dict(self.metadata),
                "field_violations": violations,
                "retry_after_seconds": self.retry_after_seconds,
                "request_id": self.request_id,
                "exit_status": self.exit_status,
            }
        }

    def as_text(self) -> str:
        """One sentence per line."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.message} ({self.reason})" if self.reason else self.message
        for name, violation in self.violations.items():
            # The service's message may contain the violations.
            if violation not in self.message:
                yield f"  {name}: {violation}"
        if self.request_id:
            yield (
                "The change may or may not have been made. Repeat it with "
                f"--request-id {self.request_id}: then it is made only once."
            )
        if self.hint:
            yield self.hint


def failure_of(failed: CallFailed) -> Failure:
    """The failure of a call, from the status details or from grpc's own code."""
    status = _status_of(failed.call)
    info = _detail(status, error_details_pb2.ErrorInfo())
    if not info.reason and failed.call.code() in _UNREACHABLE:
        return _unreachable(failed)
    violations = _detail(status, error_details_pb2.BadRequest()).field_violations
    return Failure(
        status=failed.call.code().name,
        message=failed.call.details() or "The conversation service gave no reason.",
        exit_status=1,
        reason=info.reason,
        metadata=dict(info.metadata),
        violations={violation.field: violation.description for violation in violations},
        retry_after_seconds=_retry_after_seconds(status),
        request_id=_repeatable_request_id(failed, info.reason),
        hint=_HINTS.get(failed.call.code(), ""),
    )


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """Why one item of several failed."""

    reason: str
    message: str


def item_failure(status: status_pb2.Status) -> ItemFailure:
    """The failure of one item, which has the form of a call's."""
    return ItemFailure(_detail(status, error_details_pb2.ErrorInfo()).reason, status.message)


def _unreachable(failed: CallFailed) -> Failure:
    code = failed.call.code()
    message = (
        f"The conversation service {_UNREACHABLE[code]} at {failed.target}. Is it running, and is "
        "--target (MASKLINE_TARGET) right?"
    )
    return Failure(
        code.name,
        message,
        EX_UNAVAILABLE,
        request_id=_repeatable_request_id(failed),
        hint="`maskline doctor` checks the deployment. A service with TLS requires --tls-ca, "
        "--tls-certificate and --tls-key.",
    )


def _repeatable_request_id(failed: CallFailed, reason: str = "") -> str:
    is_repeatable = failed.call.code() in _MAYBE_DONE and reason != _NOT_DONE
    return failed.request_id if is_repeatable else ""


def _status_of(call: grpc.Call) -> status_pb2.Status:
    try:
        return rpc_status.from_call(call) or status_pb2.Status()
    except ValueError:
        # The details contradict the status code.
        return status_pb2.Status()


def _detail(status: status_pb2.Status, kind: Detail) -> Detail:
    for packed in status.details:
        if packed.Unpack(kind):
            break
    return kind


def _retry_after_seconds(status: status_pb2.Status) -> float | None:
    retry = _detail(status, error_details_pb2.RetryInfo())
    seconds = retry.retry_delay.ToTimedelta().total_seconds()
    return seconds if retry.HasField("retry_delay") else None
