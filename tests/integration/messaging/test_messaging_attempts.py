"""Two attempts at one text that meet at the worst moment, on a real ledger."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from messaging_service import attempts as attempts_module
from messaging_service.attempts import CLAIM_MARGIN, Attempts
from messaging_service.carrier import Accepted, Answer, NotSent
from messaging_service.domain import Message, MessageState, SendOutcome, Standing, Text
from messaging_service.errors import BackendUnavailable, CarrierUnavailable, SendInProgress
from messaging_service.fingerprints import Fingerprints
from messaging_service.ledger import Ledger
from support.clock import ManualClock

TEXT = Text("m1", "main", "+12065550100", "+14255550111", "hello")
TIMEOUT = timedelta(seconds=10)


class CountingCarrier:
    """Satisfies Carrier."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.tokens: list[str] = []

    async def send(self, text: Text, send_token: str) -> Answer:
        self.tokens.append(send_token)
        return self.answer


class GivenBackMeanwhile(Ledger):
    """The attempt that looked dead gives its text back just before it is declared so."""

    async def settle(
        self, message_id: str, send_token: str, standing: Standing, carrier_message_id: str = ""
    ) -> Message | None:
        if send_token == "the dead one's":
            await self.release(message_id, send_token)
        return await super().settle(message_id, send_token, standing, carrier_message_id)


class NeverReleases(Ledger):
    """Redis goes silent between the claim and the release."""

    silent = True

    async def release(self, message_id: str, send_token: str) -> Message | None:
        if self.silent:
            raise BackendUnavailable
        return await super().release(message_id, send_token)


async def test_an_attempt_that_looked_dead_and_gave_its_text_back_is_not_declared_unknown(
    redis: Redis, clock: ManualClock
) -> None:
    ledger = GivenBackMeanwhile(redis, clock, Fingerprints("key"))
    carrier = CountingCarrier(Accepted("mdr2-1"))
    attempts = Attempts(ledger, carrier, clock, send_timeout=TIMEOUT)
    await ledger.claim(TEXT, "the dead one's")
    clock.move(seconds=(TIMEOUT + CLAIM_MARGIN).total_seconds())
    result = await attempts.send(TEXT)
    assert (result.outcome, result.state) == (SendOutcome.NOT_SENT, MessageState.ACCEPTED)
    assert isinstance(result.error, SendInProgress)
    assert carrier.tokens == []
    # The text is free, so the next try sends it.
    assert (await attempts.send(TEXT)).outcome is SendOutcome.ACCEPTED


async def test_a_claim_that_could_not_be_given_back_is_taken_up_by_the_next_try(
    redis: Redis, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts_module, "SETTLE_PAUSES_SECONDS", (0.0, 0.0))
    ledger = NeverReleases(redis, clock, Fingerprints("key"))
    carrier = CountingCarrier(NotSent(CarrierUnavailable(timedelta(seconds=5)), "HTTP 503"))
    attempts = Attempts(ledger, carrier, clock, send_timeout=TIMEOUT)
    with pytest.raises(BackendUnavailable):
        await attempts.send(TEXT)
    carrier.answer = Accepted("mdr2-1")
    assert (await attempts.send(TEXT)).outcome is SendOutcome.ACCEPTED
    assert len(carrier.tokens) == 2
