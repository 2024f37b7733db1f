"""The scripts of the carrier's ids: each row of their headers, on a real server."""

from dataclasses import replace

from contract.messaging.lua.ledger_parts import (
    KEEP_MS,
    OTHER,
    RETENTION,
    SENT,
    TEXT,
    UNKNOWN,
    RememberingMetrics,
    existing,
    lost_answer,
)
from redis.asyncio import Redis

from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger, Parked
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.model.message import MessageState, UnknownResolution
from messaging_service.model.receipt import Receipt
from messaging_service.redis import keys
from support.clock import ManualClock


class NamedInBetween(Ledger):
    """The text's id becomes known after a receipt looked for it."""

    async def _find(self, attempt_id: str, carrier_message_id: str) -> tuple[str, str]:
        message_ids = await super()._find(attempt_id, carrier_message_id)
        await self.settle("m1", "t1", SENT, carrier_message_id)
        return message_ids


# bind_carrier_id.lua


async def test_bind_carrier_id_bound_to_one_message_only(
    ledger: Ledger, uncertain_sends: UncertainSends
) -> None:
    await lost_answer(ledger)
    await lost_answer(ledger, OTHER, "t2")
    taken = existing(await uncertain_sends.bind_record("m1", "mdr2-1"))
    assert (taken.status, taken.carrier_message_id) == (SENT, "mdr2-1")
    assert taken.resolution is UnknownResolution.RECORD
    # The client library may repeat what it has already done.
    assert await uncertain_sends.bind_record("m1", "mdr2-1") == taken


async def test_bind_carrier_id_taken_changes_neither_message(
    ledger: Ledger, uncertain_sends: UncertainSends
) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.settle("m1", "t1", SENT, "mdr2-1")
    await lost_answer(ledger, OTHER, "t2")
    assert await uncertain_sends.bind_record("m2", "mdr2-1") is None
    other = existing(await ledger.get("m2"))
    assert other.status == UNKNOWN


async def test_bind_carrier_id_bound_returns_parked_receipts_each_time(ledger: Ledger) -> None:
    await ledger.record_receipt(Receipt("mdr2-1", "", 1110, ""), "")
    await ledger.claim(TEXT, "t1")
    message = existing(await ledger.settle("m1", "t1", SENT, "mdr2-1"))
    assert message.status.state is MessageState.UNDELIVERED
    assert message.carrier_status_code == 1110
    assert await ledger.apply_parked_receipts(replace(message, status=SENT)) == message


async def test_bind_carrier_id_bound_by_a_receipt_applies_parked_receipts(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    assert await ledger.record_receipt(Receipt("mdr2-1", "", 1004, ""), "") == Parked()
    message = existing(await ledger.record_receipt(Receipt("mdr2-1", "", 1003, ""), "t1"))
    assert message.status.state is MessageState.DELIVERED


# park_receipt.lua


async def test_park_receipt_parked_once_without_number_and_body(
    ledger: Ledger, redis: Redis
) -> None:
    for _ in range(2):
        assert await ledger.record_receipt(Receipt("mdr2-1", "", 1004, "delivered"), "") == Parked()
    assert await redis.lrange(keys.parked("mdr2-1"), 0, -1) == [b"delivered:1004"]
    assert KEEP_MS - 10_000 < await redis.pttl(keys.parked("mdr2-1")) <= KEEP_MS


async def test_park_receipt_full_keeps_no_more(ledger: Ledger, redis: Redis) -> None:
    told = [
        await ledger.record_receipt(Receipt("mdr2-1", "", 1100 + at, ""), "") for at in range(17)
    ]
    assert told == [*[Parked()] * 16, None]
    assert await redis.llen(keys.parked("mdr2-1")) == 16


async def test_park_receipt_bound_if_the_id_was_bound_meanwhile(
    redis: Redis, clock: ManualClock, metrics: RememberingMetrics
) -> None:
    ledger = NamedInBetween(redis, clock, Fingerprints("key"), metrics, RETENTION)
    await ledger.claim(TEXT, "t1")
    message = existing(await ledger.record_receipt(Receipt("mdr2-1", "", 1004, ""), ""))
    assert message.status.state is MessageState.DELIVERED
    assert await redis.exists(keys.parked("mdr2-1")) == 0


async def test_a_receipt_without_the_carriers_id_is_not_parked(
    ledger: Ledger, redis: Redis
) -> None:
    assert await ledger.record_receipt(Receipt("", "", 1004, ""), "") is None
    assert await redis.keys() == []
