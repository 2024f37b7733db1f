"""The scripts of the carrier's ids: each row of their headers, on a real server."""

from dataclasses import replace

from contract.messaging.lua.ledger_parts import KEEP_MS, OTHER, SENT, UNKNOWN, Books, existing
from redis.asyncio import Redis

from messaging_service.ledger.ledger import Ledger, Parked
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import MessageState, SendResolution
from messaging_service.redis import keys
from support.clock import ManualClock


class BoundMeanwhile(Ledger):
    """The carrier's id is bound after a receipt has looked for it."""

    async def _find(self, attempt_id: str, carrier_message_id: str) -> tuple[str, str]:
        message_ids = await super()._find(attempt_id, carrier_message_id)
        await self.settle("m1", "t1", SENT, carrier_message_id)
        return message_ids


# bind_carrier_id.lua


async def test_bind_carrier_id_bound_to_one_message_only(books: Books) -> None:
    await books.lose_answer()
    bound = existing(await books.uncertain.bind_record("m1", "mdr2-1"))
    assert (bound.status, bound.carrier_message_id) == (SENT, "mdr2-1")
    assert bound.resolution is SendResolution.RECORD
    # The client library may repeat a command that was executed.
    assert await books.uncertain.bind_record("m1", "mdr2-1") == bound


async def test_bind_carrier_id_taken_changes_neither_message(books: Books) -> None:
    await books.claim()
    first = await books.settle(SENT, "mdr2-1")
    await books.lose_answer(OTHER, "t2")
    assert await books.uncertain.bind_record("m2", "mdr2-1") is None
    assert (await books.get("m2")).status == UNKNOWN
    assert await books.get() == first


async def test_bind_carrier_id_bound_returns_parked_receipts_each_time(books: Books) -> None:
    await books.receipt(1110, "")
    await books.claim()
    message = await books.settle(SENT, "mdr2-1")
    assert message.status.state is MessageState.UNDELIVERED
    assert message.failure == Failure(FailureReason.OPTED_OUT, "1110")
    assert await books.ledger.apply_parked_receipts(replace(message, status=SENT)) == message


async def test_bind_carrier_id_bound_by_a_receipt_applies_parked_receipts(books: Books) -> None:
    await books.claim()
    for code in (1002, 1004, 1003):
        assert await books.receipt(code, "") == Parked()
    assert (await books.moved(1003)).status.state is MessageState.DELIVERED


# park_receipt.lua


async def test_park_receipt_parked_once_without_number_and_body(books: Books, redis: Redis) -> None:
    for _ in range(2):
        assert await books.receipt(1004, "") == Parked()
    assert await redis.lrange(keys.parked("mdr2-1"), 0, -1) == [b"delivered::"]
    assert KEEP_MS - 10_000 < await redis.pttl(keys.parked("mdr2-1")) <= KEEP_MS


async def test_park_receipt_full_keeps_no_more(books: Books, redis: Redis) -> None:
    results = [await books.receipt(1100 + at, "") for at in range(17)]
    assert results == [*[Parked()] * 16, None]
    assert await redis.llen(keys.parked("mdr2-1")) == 16


async def test_park_receipt_bound_if_the_id_was_bound_meanwhile(
    redis: Redis, clock: ManualClock
) -> None:
    books = Books(redis, clock, kind=BoundMeanwhile)
    await books.claim()
    assert (await books.moved(1004, "")).status.state is MessageState.DELIVERED
    assert await redis.exists(keys.parked("mdr2-1")) == 0


async def test_a_receipt_without_the_carriers_id_is_not_parked(books: Books, redis: Redis) -> None:
    assert await books.receipt(1004, "", "") is None
    assert await redis.keys() == []
