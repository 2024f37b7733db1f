"""The scripts of claims: each row of their headers, on a real server."""

from dataclasses import replace

import pytest
from contract.messaging.lua.ledger_parts import (
    AGAIN,
    REFUSED,
    RETENTION,
    SENT,
    TEXT,
    UNKNOWN,
    RememberingMetrics,
    existing,
    lost_answer,
)
from redis.asyncio import Redis

from messaging_service.ledger.decode import AlreadySent, Claimed, IdConflict, InProgress
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.model.message import MessageState, OutboundMessage, Status
from messaging_service.model.receipt import Receipt
from support.clock import ManualClock

# claim.lua


async def test_claim_claimed_a_new_message(ledger: Ledger) -> None:
    assert await ledger.claim(TEXT, "t1") == Claimed()


async def test_claim_claimed_again_for_the_same_attempt_since_a_client_may_repeat_itself(
    ledger: Ledger,
) -> None:
    await ledger.claim(TEXT, "t1")
    assert await ledger.claim(TEXT, "t1") == Claimed()


async def test_claim_claimed_a_message_that_was_released(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    assert await ledger.claim(TEXT, "t2") == Claimed()


async def test_claim_in_progress_returns_the_attempt_and_the_time_of_its_claim(
    ledger: Ledger, clock: ManualClock
) -> None:
    taken = clock.now()
    await ledger.claim(TEXT, "t1")
    clock.move(seconds=3)
    assert await ledger.claim(TEXT, "t2") == InProgress("t1", taken)
    # The one that came second has changed nothing.
    assert await ledger.claim(TEXT, "t1") == Claimed()


@pytest.mark.parametrize("status", [SENT, REFUSED])
async def test_claim_already_sent_returns_the_record(ledger: Ledger, status: Status) -> None:
    await ledger.claim(TEXT, "t1")
    settled = existing(await ledger.settle("m1", "t1", status))
    assert await ledger.claim(TEXT, "t2") == AlreadySent(settled)
    assert await ledger.claim(TEXT, "t1") == AlreadySent(settled)


async def test_claim_already_sent_while_an_uncertain_send_is_being_resolved(ledger: Ledger) -> None:
    lost, _ = await lost_answer(ledger)
    assert await ledger.claim(TEXT, "t1") == AlreadySent(lost)
    assert await ledger.claim(TEXT, "t2") == AlreadySent(lost)


async def test_claim_claimed_a_message_that_may_be_sent_again_keeps_its_state(
    ledger: Ledger, uncertain_sends: UncertainSends
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    assert await ledger.claim(TEXT, "t2") == Claimed()
    assert await ledger.claim(TEXT, "t2") == Claimed()
    message = existing(await ledger.get("m1"))
    assert message.status == UNKNOWN


async def test_claim_in_progress_of_a_message_that_is_sent_again(
    ledger: Ledger, uncertain_sends: UncertainSends, clock: ManualClock
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    await ledger.claim(TEXT, "t2")
    assert await ledger.claim(TEXT, "t3") == InProgress("t2", clock.now())


@pytest.mark.parametrize("settled", [False, True])
async def test_claim_id_conflict_whatever_the_state_of_the_other_message(
    ledger: Ledger, settled: bool
) -> None:
    await ledger.claim(TEXT, "t1")
    if settled:
        await ledger.settle("m1", "t1", SENT)
    other = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "another")
    assert await ledger.claim(other, "t1") == IdConflict()


async def test_claim_id_conflict_even_after_the_message_was_released(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    other = OutboundMessage("m1", "other", "+12065550100", "+14255550111", "hello")
    assert await ledger.claim(other, "t2") == IdConflict()


@pytest.mark.parametrize("settled", [False, True])
async def test_claim_recognises_a_message_by_the_fingerprint_of_any_key(
    redis: Redis, clock: ManualClock, metrics: RememberingMetrics, settled: bool
) -> None:
    def ledger_with(*names: str) -> Ledger:
        return Ledger(redis, clock, Fingerprints(*names), metrics, RETENTION)

    before, after = ledger_with("one", "two"), ledger_with("two", "one")
    assert await before.claim(TEXT, "t1") == Claimed()
    if settled:
        message = existing(await before.settle("m1", "t1", SENT))
        assert await after.claim(TEXT, "t2") == AlreadySent(message)
    else:
        assert await after.claim(TEXT, "t2") == InProgress("t1", clock.now())
    another = replace(TEXT, body="another")
    assert await after.claim(another, "t2") == IdConflict()
    assert await ledger_with("three", "four").claim(TEXT, "t2") == IdConflict()


async def test_claim_claimed_writes_the_current_keys_fingerprint(
    redis: Redis, clock: ManualClock, metrics: RememberingMetrics
) -> None:
    before = Ledger(redis, clock, Fingerprints("one"), metrics, RETENTION)
    await before.claim(TEXT, "t1")
    await before.release("m1", "t1")
    after = Ledger(redis, clock, Fingerprints("two", "one"), metrics, RETENTION)
    assert await after.claim(TEXT, "t2") == Claimed()
    assert await before.claim(TEXT, "t3") == IdConflict()


# release.lua


async def test_release_released_leaves_the_message_accepted(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    assert await ledger.release("m1", "t1") is None
    message = existing(await ledger.get("m1"))
    assert message.status.state is MessageState.ACCEPTED


async def test_release_released_does_not_end_the_claim_of_another_attempt(
    ledger: Ledger, clock: ManualClock
) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    await ledger.claim(TEXT, "t2")
    # The client library may repeat what it has already done.
    assert await ledger.release("m1", "t1") is None
    assert await ledger.claim(TEXT, "t3") == InProgress("t2", clock.now())


async def test_release_released_of_a_message_that_is_not_kept(ledger: Ledger) -> None:
    assert await ledger.release("m1", "t1") is None
    assert await ledger.get("m1") is None


async def test_release_released_a_message_that_may_be_sent_again_still_may(
    ledger: Ledger, uncertain_sends: UncertainSends
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    await ledger.claim(TEXT, "t2")
    assert await ledger.release("m1", "t2") is None
    assert await ledger.claim(TEXT, "t3") == Claimed()


async def test_release_kept_a_message_that_went_further(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    further = await ledger.record_receipt(Receipt("mdr2-1", "", 1003, ""), "t1")
    assert await ledger.release("m1", "t1") == further


async def test_release_kept_a_message_that_is_being_resolved(ledger: Ledger) -> None:
    lost, _ = await lost_answer(ledger)
    assert await ledger.release("m1", "t1") == lost
