"""What the ledger's scripts answer, read back into the domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    Status,
    UncertainSend,
    UnknownResolution,
)
from runtime.redis.scripts import Reply

_Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Claimed:
    """The text is this attempt's to send."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """Another attempt took the text and has not said what became of it."""

    attempt_id: str
    claim_time: datetime


@dataclass(frozen=True, slots=True)
class AlreadySent:
    """What became of the text is known, or is looked into."""

    message: MessageRecord


@dataclass(frozen=True, slots=True)
class IdConflict:
    """The id was used for another text."""


Claim = Claimed | InProgress | AlreadySent | IdConflict


def claim_in(message_id: str, reply: Reply) -> Claim:
    """The answer of claim.lua."""
    outcome, fields = tagged(reply)
    match outcome:
        case "claimed":
            return Claimed()
        case "in_progress":
            return InProgress(fields[b"attempt_id"].decode(), _time(fields[b"claim_ms"]))
        case "repeat":
            return AlreadySent(decoded(message_id, fields))
        case "reused":
            return IdConflict()
        case unknown:
            raise AssertionError(f"claim.lua answered {unknown!r}")


def message_in(message_id: str, reply: Reply) -> MessageRecord | None:
    """The message that an outcome comes with; "released" and "absent" have none."""
    _, fields = tagged(reply)
    return decoded(message_id, fields) if fields else None


def tagged(reply: Reply) -> tuple[str, dict[bytes, bytes]]:
    """A script's outcome, and the fields of the message that comes with some."""
    outcome, *rest = cast("list[bytes | list[bytes]]", reply)
    flat = iter(cast("list[bytes]", rest[0]) if rest else ())
    return cast("bytes", outcome).decode(), dict(zip(flat, flat, strict=True))


def decoded(message_id: str, fields: _Fields) -> MessageRecord:
    """The message in the fields of its hash."""
    code, resolution = fields.get(b"code"), fields.get(b"resolution")
    return MessageRecord(
        message_id=message_id,
        pool=fields[b"pool"].decode(),
        standing=Status(
            MessageState(fields[b"state"].decode()), fields.get(b"refusal", b"").decode()
        ),
        accept_time=_time(fields[b"accept_ms"]),
        update_time=_time(fields[b"update_ms"]),
        carrier_message_id=fields.get(b"carrier_id", b"").decode(),
        carrier_status_code=None if code is None else int(code),
        inquiry=_inquiry(fields),
        resolution=None if resolution is None else UnknownResolution(resolution.decode()),
        resends=int(fields.get(b"resends", 0)),
        media_count=int(fields.get(b"media", 0)),
        refused_media=int(fields.get(b"refused_media", 0)),
    )


def _inquiry(fields: _Fields) -> UncertainSend | None:
    unknown_ms = fields.get(b"unknown_ms")
    if unknown_ms is None:
        return None
    return UncertainSend(
        attempt_id=fields[b"attempt_id"].decode(),
        first_start=_time(fields[b"since_ms"]),
        unknown_time=_time(unknown_ms),
        looked=int(fields[b"looked"]),
    )


def _time(ms: bytes) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(ms))
