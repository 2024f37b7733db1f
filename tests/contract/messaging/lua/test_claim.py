"""The scripts of claims: each row of their headers, on a real server."""

from dataclasses import replace

import pytest
from contract.messaging.lua.ledger_parts import REFUSED, SENT, TEXT, UNKNOWN, Books
from redis.asyncio import Redis

from messaging_service.ledger.decode import AlreadySent, Claimed, IdConflict, InProgress
from messaging_service.model.message import MessageState, Status
from support.clock import ManualClock

# claim.lua


async def test_claim_claimed_a_new_message_and_again_for_the_same_attempt(books: Books) -> None:
    # The client library may repeat a command that was executed.
    for _ in range(2):
        assert await books.claim() == Claimed()


async def test_claim_claimed_a_message_that_was_released(books: Books) -> None:
    await books.claim()
    await books.release()
    assert await books.claim("t2") == Claimed()


async def test_claim_in_progress_returns_the_attempt_and_the_time_of_its_claim(
    books: Books, clock: ManualClock
) -> None:
    claimed = clock.now()
    await books.claim()
    clock.move(seconds=3)
    assert await books.claim("t2") == InProgress("t1", claimed)
    # The second attempt has changed nothing.
    assert await books.claim() == Claimed()


@pytest.mark.parametrize("status", [SENT, REFUSED])
async def test_claim_already_sent_returns_the_record(books: Books, status: Status) -> None:
    await books.claim()
    settled = await books.settle(status)
    for attempt in ("t2", "t1"):
        assert await books.claim(attempt) == AlreadySent(settled)


async def test_claim_already_sent_while_an_uncertain_send_is_being_resolved(books: Books) -> None:
    await books.lose_answer()
    for attempt in ("t1", "t2"):
        assert await books.claim(attempt) == AlreadySent(await books.get())


async def test_claim_claimed_a_message_that_may_be_sent_again_keeps_its_state(
    books: Books, clock: ManualClock
) -> None:
    await books.allow_resend()
    for _ in range(2):
        assert await books.claim("t2") == Claimed()
    assert (await books.get()).status == UNKNOWN
    # Meanwhile it is in progress for every other attempt.
    assert await books.claim("t3") == InProgress("t2", clock.now())


@pytest.mark.parametrize("state", ["claimed", "settled", "released"])
async def test_claim_id_conflict_whatever_the_state_of_the_other_message(
    books: Books, state: str
) -> None:
    await books.claim()
    if state == "settled":
        await books.settle()
    if state == "released":
        await books.release()
    for other in (replace(TEXT, body="another"), replace(TEXT, pool="other")):
        assert await books.claim("t1", other) == IdConflict()


@pytest.mark.parametrize("settled", [False, True])
async def test_claim_recognises_a_message_by_the_fingerprint_of_any_key(
    redis: Redis, clock: ManualClock, settled: bool
) -> None:
    before, after = Books(redis, clock, "one", "two"), Books(redis, clock, "two", "one")
    assert await before.claim() == Claimed()
    if settled:
        record = await before.settle()
        assert await after.claim("t2") == AlreadySent(record)
    else:
        assert await after.claim("t2") == InProgress("t1", clock.now())
    assert await after.claim("t2", replace(TEXT, body="another")) == IdConflict()
    assert await Books(redis, clock, "three", "four").claim("t2") == IdConflict()


async def test_claim_claimed_writes_the_current_keys_fingerprint(
    redis: Redis, clock: ManualClock
) -> None:
    before = Books(redis, clock, "one")
    await before.claim()
    await before.release()
    assert await Books(redis, clock, "two", "one").claim("t2") == Claimed()
    assert await before.claim("t3") == IdConflict()


# release.lua


async def test_release_released_leaves_the_message_accepted(books: Books) -> None:
    await books.claim()
    assert await books.release() is None
    assert (await books.get()).status.state is MessageState.ACCEPTED


async def test_release_released_does_not_end_the_claim_of_another_attempt(
    books: Books, clock: ManualClock
) -> None:
    await books.claim()
    await books.release()
    await books.claim("t2")
    assert await books.release() is None
    assert await books.claim("t3") == InProgress("t2", clock.now())


async def test_release_released_of_a_message_that_is_not_kept(books: Books) -> None:
    assert await books.release() is None
    assert await books.ledger.get("m1") is None


async def test_release_released_a_message_that_may_be_sent_again_still_may(books: Books) -> None:
    await books.allow_resend()
    await books.claim("t2")
    assert await books.release("t2") is None
    assert await books.claim("t3") == Claimed()


async def test_release_kept_a_message_that_moved_on_or_is_being_resolved(books: Books) -> None:
    await books.lose_answer()
    assert await books.release() == await books.get()
    moved = await books.moved(1003)
    assert await books.release() == moved
