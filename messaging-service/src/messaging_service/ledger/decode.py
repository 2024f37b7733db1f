"""Decodes the replies of the ledger's scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    SendResolution,
    Status,
    UncertainSend,
)
from runtime.redis.scripts import Reply

_Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Claimed:
    """The attempt has the claim and may send the message."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """Another attempt has the claim and has recorded no result yet."""

    attempt_id: str
    claim_time: datetime


@dataclass(frozen=True, slots=True)
class AlreadySent:
    """The message has a result, or is being resolved."""

    record: MessageRecord


@dataclass(frozen=True, slots=True)
class IdConflict:
    """The id was used for another message."""


Claim = Claimed | InProgress | AlreadySent | IdConflict


def claim(message_id: str, reply: Reply) -> Claim:
    """The reply of claim.lua."""
    name, fields = outcome(reply)
    match name:
        case "claimed":
            return Claimed()
        case "in_progress":
            return InProgress(fields[b"attempt_id"].decode(), _time(fields[b"claim_ms"]))
        case "already_sent":
            return AlreadySent(record(message_id, fields))
        case "id_conflict":
            return IdConflict()
        case unknown:
            raise AssertionError(f"claim.lua returned {unknown!r}")


def message(message_id: str, reply: Reply) -> MessageRecord | None:
    """The message of a reply; None if the outcome has none."""
    _, fields = outcome(reply)
    return record(message_id, fields) if fields else None


def outcome(reply: Reply) -> tuple[str, dict[bytes, bytes]]:
    """The outcome of a script and the fields of its message, if it has one."""
    name, *rest = cast("list[bytes | list[bytes]]", reply)
    flat = iter(cast("list[bytes]", rest[0]) if rest else ())
    return cast("bytes", name).decode(), dict(zip(flat, flat, strict=True))


def record(message_id: str, fields: _Fields) -> MessageRecord:
    """The message of a stored hash."""
    resolution = fields.get(b"resolution")
    state = MessageState(fields[b"state"].decode())
    return MessageRecord(
        message_id=message_id,
        pool=fields[b"pool"].decode(),
        status=Status(state, _failure(fields)),
        accept_time=_time(fields[b"accept_ms"]),
        update_time=_time(fields[b"update_ms"]),
        carrier_message_id=fields.get(b"carrier_id", b"").decode(),
        uncertain_send=_uncertain_send(fields),
        resolution=None if resolution is None else SendResolution(resolution.decode()),
        resends=int(fields.get(b"resends", 0)),
        media_count=int(fields.get(b"media", 0)),
        refused_media=int(fields.get(b"refused_media", 0)),
    )


def _failure(fields: _Fields) -> Failure | None:
    reason = fields.get(b"failure", b"").decode()
    return Failure(FailureReason(reason), fields[b"code"].decode()) if reason else None


def _uncertain_send(fields: _Fields) -> UncertainSend | None:
    unknown_ms = fields.get(b"unknown_ms")
    if unknown_ms is None:
        return None
    return UncertainSend(
        attempt_id=fields[b"attempt_id"].decode(),
        first_start=_time(fields[b"since_ms"]),
        unknown_time=_time(unknown_ms),
        lookups_done=int(fields[b"looked"]),
    )


def _time(ms: bytes) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(ms))
