"""What is heard of texts, written down or kept until the text is known that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import cast

import structlog

from messaging_service.ledger.decode import decoded, tagged
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.message import MessageRecord, MessageState, Status, UnknownResolution
from messaging_service.model.receipt import Receipt, state_of
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.clock import Clock
from runtime.redis.scripts import Command, Reply

log = structlog.get_logger()

# Two come for a text; this leaves room for every code on its way, and none for a flood.
PARKED_LIMIT = 16


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What was heard of a text: of any attempt if its id is empty; no standing is no change.

    `resolution` is for a text whose lost answer is looked into.
    """

    standing: Status | None
    attempt_id: str = ""
    carrier_message_id: str = ""
    code: str = ""
    resolution: UnknownResolution | None = None


def news_of(receipt: Receipt) -> StatusUpdate:
    """What a receipt says."""
    state, code = state_of(receipt), receipt.status_code
    return StatusUpdate(
        Status(state) if state else None,
        carrier_message_id=receipt.carrier_message_id,
        code="" if code is None else str(code),
        resolution=UnknownResolution.RECEIPT,
    )


@dataclass(frozen=True, slots=True)
class CarrierIdBinding:
    """Whose a carrier's id is, and what was heard of it before it was known."""

    message_id: str
    parked: tuple[StatusUpdate, ...] = ()


class StatusUpdates:
    """Every method raises BackendUnavailable when Redis does not answer, and may be repeated."""

    def __init__(
        self, scripts: Scripts, clock: Clock, metrics: Metrics, retention: timedelta
    ) -> None:
        """`retention` is how long what is written or parked here stays."""
        self._scripts = scripts
        self._clock = clock
        self._metrics = metrics
        self._keep_ms = keys.keep_ms(retention)

    async def write(self, message_id: str, news: Sequence[StatusUpdate]) -> MessageRecord | None:
        """The text after all of the news; None when no such text is kept."""
        replies = await self._scripts.run(*(self._advance(message_id, item) for item in news))
        written = [*map(partial(self._written, message_id), replies)]
        return written[-1]

    async def write_named(self, message_id: str, news: StatusUpdate) -> MessageRecord | None:
        """The same, and the carrier's id is the text's from now on, with what waited for it."""
        name = self._name(message_id, news.carrier_message_id)
        reply, named = await self._scripts.run(self._advance(message_id, news), name)
        message = self._written(message_id, reply)
        naming = _naming(message_id, news.carrier_message_id, named)
        if naming.message_id != message_id:
            log.warning("carrier_id_taken", message_id=message_id, by=naming.message_id)
        elif naming.parked:
            return await self.write(message_id, naming.parked)
        return message

    async def name(self, message_id: str, carrier_message_id: str) -> CarrierIdBinding:
        """Gives the carrier's id to the text unless it is another's."""
        [reply] = await self._scripts.run(self._name(message_id, carrier_message_id))
        return _naming(message_id, carrier_message_id, reply)

    async def park(self, news: StatusUpdate) -> str | bool:
        """Keeps news until their text is known; answers its id if it is known by now.

        False means that as many wait for it already as may.
        """
        carrier_message_id = news.carrier_message_id
        park = self._scripts.call_on(
            "park",
            (keys.carrier(carrier_message_id), keys.parked(carrier_message_id)),
            *(_parked(news), PARKED_LIMIT, self._keep_ms),
        )
        [reply] = await self._scripts.run(park)
        match cast("list[bytes]", reply):
            case [b"named", message_id]:
                return message_id.decode()
            case [outcome]:
                return outcome == b"parked"
            case unknown:
                raise AssertionError(f"park.lua answered {unknown!r}")

    def _written(self, message_id: str, reply: Reply) -> MessageRecord | None:
        outcome, fields = tagged(reply)
        message = decoded(message_id, fields) if fields else None
        if outcome == "resolved" and message and message.resolution:
            self._metrics.resolved(message.resolution)
        return message

    def _advance(self, message_id: str, news: StatusUpdate) -> Command:
        standing = news.standing
        state, rank = (standing.state.value, standing.state.rank) if standing else ("", 0)
        return self._scripts.call(
            "advance",
            keys.message(message_id),
            *(news.attempt_id, state, rank, news.carrier_message_id, news.code),
            *(standing.refusal if standing else "", news.resolution or ""),
            *(round(self._clock.now().timestamp() * 1000), self._keep_ms),
        )

    def _name(self, message_id: str, carrier_message_id: str) -> Command:
        names = (keys.carrier(carrier_message_id), keys.parked(carrier_message_id))
        return self._scripts.call_on("name", names, message_id, self._keep_ms)


def _naming(message_id: str, carrier_message_id: str, reply: Reply) -> CarrierIdBinding:
    match cast("list[bytes | list[bytes]]", reply):
        case [b"named", list(parked)]:
            return CarrierIdBinding(
                message_id, tuple(_news(carrier_message_id, item) for item in parked)
            )
        case [b"taken", bytes(owner)]:
            return CarrierIdBinding(owner.decode())
        case unknown:
            raise AssertionError(f"name.lua answered {unknown!r}")


def _parked(news: StatusUpdate) -> str:
    return f"{news.standing.state.value if news.standing else ''}:{news.code}"


def _news(carrier_message_id: str, parked: bytes) -> StatusUpdate:
    state, _, code = parked.decode().partition(":")
    standing = Status(MessageState(state)) if state else None
    return StatusUpdate(standing, "", carrier_message_id, code, UnknownResolution.RECEIPT)
