"""What became of each text, kept in Redis for 72 hours. It holds no number and no body."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from redis.asyncio import Redis

from messaging_service import keys
from messaging_service.domain import Message, MessageState, Standing, Text
from messaging_service.fingerprints import Fingerprints
from messaging_service.receipts import Receipt, state_of
from messaging_service.scripts import Scripts
from runtime.clock import Clock
from runtime.redis_scripts import Command, Reply

# A fault on Friday night is mended on Monday, and what was sent is still known then.
KEEP_MS = 72 * 60 * 60 * 1000

_CLAIMED = MessageState.ACCEPTED


@dataclass(frozen=True, slots=True)
class Claimed:
    """The text is this attempt's to send."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """Another attempt took the text and has not said what became of it."""

    send_token: str
    claim_time: datetime


@dataclass(frozen=True, slots=True)
class Repeated:
    """What became of the text is known."""

    message: Message


@dataclass(frozen=True, slots=True)
class Reused:
    """The id was used for another text."""


Claim = Claimed | InProgress | Repeated | Reused


@dataclass(frozen=True, slots=True)
class _News:
    """What was heard of a text: of any attempt if the token is empty; no standing is no change."""

    message_id: str
    send_token: str
    standing: Standing | None
    carrier_message_id: str
    code: str = ""


class Ledger:
    """At most one attempt at a time holds a text, and states only move forward.

    Every method raises BackendUnavailable when Redis does not answer, and may then be repeated.
    """

    def __init__(self, redis: Redis, clock: Clock, fingerprints: Fingerprints) -> None:
        self._scripts = Scripts(redis)
        self._clock = clock
        self._fingerprints = fingerprints

    async def claim(self, text: Text, send_token: str) -> Claim:
        """Takes a text for the attempt that the token names."""
        claim = self._scripts.call(
            "claim",
            keys.message(text.message_id),
            *(self._fingerprints.of(text), text.pool, send_token),
            *(_CLAIMED.value, _CLAIMED.rank, self._now_ms(), KEEP_MS),
        )
        remember = _set(keys.attempt(send_token), text.message_id)
        reply, _ = await self._scripts.run(claim, remember)
        return _claim(text.message_id, reply)

    async def release(self, message_id: str, send_token: str) -> Message | None:
        """Gives back a text that was surely not sent; a message if it went further meanwhile."""
        key = keys.message(message_id)
        release = self._scripts.call("release", key, send_token, _CLAIMED.value)
        [reply] = await self._scripts.run(release)
        return _message(message_id, reply)

    async def settle(
        self, message_id: str, send_token: str, standing: Standing, carrier_message_id: str = ""
    ) -> Message | None:
        """Writes what the carrier answered to an attempt; None when no such text is kept."""
        return await self._advance(_News(message_id, send_token, standing, carrier_message_id))

    async def record(self, receipt: Receipt) -> Message | None:
        """Moves the text that a receipt speaks of; None when no such text is kept."""
        message_id = await self._spoken_of(receipt)
        if message_id is None:
            return None
        state, code = state_of(receipt), receipt.status_code
        news = _News(
            message_id,
            send_token="",
            standing=Standing(state) if state else None,
            carrier_message_id=receipt.carrier_message_id,
            code="" if code is None else str(code),
        )
        return await self._advance(news)

    async def get(self, message_id: str) -> Message | None:
        """What is known of a text."""
        [reply] = await self._scripts.run(("HGETALL", keys.message(message_id)))
        fields = cast("dict[bytes, bytes]", reply)
        return _decoded(message_id, fields) if fields else None

    async def _spoken_of(self, receipt: Receipt) -> str | None:
        """By the token first: the carrier's id may not be known yet."""
        by_token, by_carrier_id = await self._scripts.run(
            ("GET", keys.attempt(receipt.send_token)),
            ("GET", keys.carrier(receipt.carrier_message_id)),
        )
        found = by_token or by_carrier_id
        return found.decode() if isinstance(found, bytes) else None

    async def _advance(self, news: _News) -> Message | None:
        standing = news.standing
        state, rank = (standing.state.value, standing.state.rank) if standing else ("", 0)
        advance = self._scripts.call(
            "advance",
            keys.message(news.message_id),
            *(news.send_token, state, rank, news.carrier_message_id, news.code),
            *(standing.refusal if standing else "", self._now_ms(), KEEP_MS),
        )
        named = keys.carrier(news.carrier_message_id)
        remember = [_set(named, news.message_id)] if news.carrier_message_id else []
        reply, *_ = await self._scripts.run(advance, *remember)
        return _message(news.message_id, reply)

    def _now_ms(self) -> int:
        return round(self._clock.now().timestamp() * 1000)


def _set(key: str, message_id: str) -> Command:
    return ("SET", key, message_id, "PX", KEEP_MS)


def _claim(message_id: str, reply: Reply) -> Claim:
    outcome, fields = _tagged(reply)
    match outcome:
        case "claimed":
            return Claimed()
        case "in_progress":
            return InProgress(fields[b"token"].decode(), _time(fields[b"claim_ms"]))
        case "repeat":
            return Repeated(_decoded(message_id, fields))
        case "reused":
            return Reused()
        case unknown:
            raise AssertionError(f"claim.lua answered {unknown!r}")


def _message(message_id: str, reply: Reply) -> Message | None:
    """The message that "moved" and "kept" come with; "released" and "absent" have none."""
    _, fields = _tagged(reply)
    return _decoded(message_id, fields) if fields else None


def _tagged(reply: Reply) -> tuple[str, dict[bytes, bytes]]:
    """A script's outcome, and the fields of the message that comes with some."""
    outcome, *rest = cast("list[bytes | list[bytes]]", reply)
    flat = iter(cast("list[bytes]", rest[0]) if rest else ())
    return cast("bytes", outcome).decode(), dict(zip(flat, flat, strict=True))


def _decoded(message_id: str, fields: dict[bytes, bytes]) -> Message:
    code = fields.get(b"code")
    return Message(
        message_id=message_id,
        pool=fields[b"pool"].decode(),
        standing=Standing(
            MessageState(fields[b"state"].decode()), fields.get(b"refusal", b"").decode()
        ),
        accept_time=_time(fields[b"accept_ms"]),
        update_time=_time(fields[b"update_ms"]),
        carrier_message_id=fields.get(b"carrier_id", b"").decode(),
        carrier_status_code=None if code is None else int(code),
    )


def _time(ms: bytes) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(ms))
