"""What failed, told in a sentence or as JSON, and the exit status that goes with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from maskline_cli.connection.client import CallFailed

Detail = TypeVar("Detail", bound=Message)

# sysexits.h: what should serve cannot be reached; this program has a fault.
EX_UNAVAILABLE = 69

EX_SOFTWARE = 70

_UNREACHABLE = {
    grpc.StatusCode.UNAVAILABLE: "cannot be reached",
    grpc.StatusCode.DEADLINE_EXCEEDED: "did not answer in time",
}

_ADVICE = {
    grpc.StatusCode.UNAUTHENTICATED: "Say who you are: --token-file (MASKLINE_TOKEN_FILE), or a "
    "certificate with --tls-certificate, that the service's file of callers lists.",
    grpc.StatusCode.PERMISSION_DENIED: "Roles and what they may do: docs/security.md.",
}

# After these nobody can tell from here whether a change was made.
_UNSURE = {
    *_UNREACHABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """All that is told; `request_id` is given where repeating the change makes sense.

    `hint` is for people only.
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
        described = [{"field": name, "description": why} for name, why in self.violations.items()]
        return {
            "error": {
                "status": self.status,
                "reason": self.reason,
                "message": self.message,
                "metadata": dict(self.metadata),
                "field_violations": described,
                "retry_after_seconds": self.retry_after_seconds,
                "request_id": self.request_id,
                "exit_status": self.exit_status,
            }
        }

    def as_text(self) -> str:
        """Sentences, one a line."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.message} ({self.reason})" if self.reason else self.message
        for name, why in self.violations.items():
            # The service's own sentence may name them all already.
            if why not in self.message:
                yield f"  {name}: {why}"
        if self.request_id:
            yield (
                "Whether the change was made is not known. Repeated with "
                f"--request-id {self.request_id} it is made once."
            )
        if self.hint:
            yield self.hint


def failure_of(failed: CallFailed) -> Failure:
    """A failed call, as far as the service or, without one, grpc explains it."""
    status = _status_of(failed.call)
    info = _detail(status, error_details_pb2.ErrorInfo())
    if not info.reason and failed.call.code() in _UNREACHABLE:
        return _unreachable(failed)
    violations = _detail(status, error_details_pb2.BadRequest()).field_violations
    return Failure(
        status=failed.call.code().name,
        message=failed.call.details() or "The conversation service did not say why.",
        exit_status=1,
        reason=info.reason,
        metadata=dict(info.metadata),
        violations={violation.field: violation.description for violation in violations},
        retry_after_seconds=_retry_after_seconds(status),
        request_id=_repeatable(failed),
        hint=_ADVICE.get(failed.call.code(), ""),
    )


def _unreachable(failed: CallFailed) -> Failure:
    code = failed.call.code()
    message = (
        f"The conversation service {_UNREACHABLE[code]} at {failed.target}. Does it run there, and "
        "is --target (MASKLINE_TARGET) right?"
    )
    return Failure(
        code.name,
        message,
        EX_UNAVAILABLE,
        request_id=_repeatable(failed),
        hint="`maskline doctor` looks closer. A service with TLS takes --tls-ca, --tls-certificate "
        "and --tls-key.",
    )


def _repeatable(failed: CallFailed) -> str:
    return failed.request_id if failed.call.code() in _UNSURE else ""


def _status_of(call: grpc.Call) -> status_pb2.Status:
    try:
        return rpc_status.from_call(call) or status_pb2.Status()
    except ValueError:
        # Details that speak of another failure are worth as much as none.
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
