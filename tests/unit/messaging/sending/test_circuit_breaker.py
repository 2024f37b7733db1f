from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Uncertain
from messaging_service.model.errors import (
    CarrierCredentialsRejected,
    CarrierRateLimited,
    CarrierUnavailable,
)
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.sending.circuit_breaker import (
    ACCOUNT_REFUSED_TIME,
    FAILURES_LIMIT,
    FIRST_OPEN_TIME,
    MAX_OPEN_TIME,
    PROBE_TIMEOUT,
    CircuitBreaker,
)
from support.clock import ManualClock

ACCEPTED = Accepted("mdr2-1")
REFUSED = Refused(Failure(FailureReason.CARRIER_REJECTED), "HTTP 422")
OPTED_OUT = Refused(Failure(FailureReason.OPTED_OUT), "HTTP 400")
NUMBER_REFUSED = Refused(Failure(FailureReason.SENDER_NOT_AUTHORIZED), "HTTP 403")
UNKNOWN = Uncertain("HTTP 500")
UNAVAILABLE = NotSent(CarrierUnavailable(timedelta(seconds=5)), "HTTP 503")
KEYS_REFUSED = NotSent(CarrierCredentialsRejected(timedelta(minutes=1)), "HTTP 401")
RATE_LIMITED = NotSent(CarrierRateLimited(timedelta(seconds=1)), "HTTP 429")


@pytest.fixture
def breaker(clock: ManualClock) -> CircuitBreaker:
    """A closed one that adds no jitter."""
    return CircuitBreaker(clock, lambda: 0.0)


def opened(breaker: CircuitBreaker) -> CircuitBreaker:
    for _ in range(FAILURES_LIMIT):
        breaker.record(UNKNOWN)
    return breaker


def probe(breaker: CircuitBreaker, clock: ManualClock) -> float:
    """Waits as long as the breaker asks for, and begins a probe; returns the seconds."""
    wait = breaker.acquire()
    assert wait is not None
    clock.move(seconds=wait.total_seconds())
    assert breaker.acquire() is None
    return wait.total_seconds()


@pytest.mark.parametrize("failure", [UNKNOWN, UNAVAILABLE])
def test_failures_in_a_row_open_it(breaker: CircuitBreaker, failure: Answer) -> None:
    for _ in range(FAILURES_LIMIT):
        assert breaker.acquire() is None
        breaker.record(failure)
    assert breaker.is_open
    assert breaker.acquire() == FIRST_OPEN_TIME


@pytest.mark.parametrize("success", [ACCEPTED, REFUSED, OPTED_OUT, NUMBER_REFUSED])
def test_an_accepted_or_refused_message_resets_the_count_of_failures(
    breaker: CircuitBreaker, success: Answer
) -> None:
    for _ in range(3):
        for _ in range(FAILURES_LIMIT - 1):
            breaker.record(UNKNOWN)
        breaker.record(success)
    assert not breaker.is_open
    assert breaker.acquire() is None


def test_a_rate_limited_message_neither_opens_nor_closes_it(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    for _ in range(FAILURES_LIMIT):
        breaker.record(RATE_LIMITED)
    assert breaker.acquire() is None
    probe(opened(breaker), clock)
    breaker.record(RATE_LIMITED)
    assert breaker.is_open
    # The carrier answered, so the next probe may follow at once.
    assert breaker.acquire() is None


def test_after_the_open_time_one_probe_at_a_time_is_sent(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    probe(opened(breaker), clock)
    assert [breaker.acquire(), breaker.acquire()] == [FIRST_OPEN_TIME] * 2
    # A probe without a result is followed by another one.
    clock.move(seconds=PROBE_TIMEOUT.total_seconds())
    assert [breaker.acquire(), breaker.acquire()] == [None, FIRST_OPEN_TIME]
    # A probe that was not sent is followed by another one at once.
    breaker.release()
    assert [breaker.acquire(), breaker.acquire()] == [None, FIRST_OPEN_TIME]


@pytest.mark.parametrize("success", [ACCEPTED, REFUSED])
def test_a_probe_that_is_answered_closes_it(
    breaker: CircuitBreaker, clock: ManualClock, success: Answer
) -> None:
    with capture_logs() as lines:
        probe(opened(breaker), clock)
        breaker.record(success)
        breaker.record(success)
    events = [line["event"] for line in lines]
    assert events == ["carrier_circuit_open", "carrier_circuit_closed"]
    assert not breaker.is_open
    assert [breaker.acquire(), breaker.acquire()] == [None, None]
    breaker.record(UNKNOWN)
    assert not breaker.is_open


def test_each_probe_that_fails_doubles_the_time_up_to_a_minute_until_it_closes(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    opened(breaker)
    spans = []
    for _ in range(8):
        spans.append(probe(breaker, clock))
        breaker.record(UNKNOWN)
    assert spans == [1, 2, 4, 8, 16, 32, 60, 60]
    probe(breaker, clock)
    breaker.record(ACCEPTED)
    assert opened(breaker).acquire() == FIRST_OPEN_TIME


def test_answers_to_messages_in_flight_do_not_extend_the_open_time(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    opened(opened(breaker))
    assert breaker.acquire() == FIRST_OPEN_TIME
    probe(breaker, clock)
    breaker.record(UNKNOWN)
    assert breaker.acquire() == 2 * FIRST_OPEN_TIME


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_jitter_takes_up_to_half_of_the_time_away(clock: ManualClock, jitter: float) -> None:
    breaker = opened(CircuitBreaker(clock, lambda: jitter))
    assert breaker.acquire() == FIRST_OPEN_TIME * (1 - jitter / 2)


def test_releasing_a_message_neither_opens_nor_closes_the_circuit(breaker: CircuitBreaker) -> None:
    breaker.release()
    assert breaker.acquire() is None
    opened(breaker).release()
    assert breaker.acquire() == FIRST_OPEN_TIME


def test_a_refused_account_opens_the_circuit_at_once_and_is_logged_as_one_error(
    breaker: CircuitBreaker,
) -> None:
    with capture_logs() as lines:
        # The later ones answer messages that were in flight.
        for _ in range(16):
            breaker.record(KEYS_REFUSED)
    assert breaker.is_account_refused
    assert breaker.acquire() == ACCOUNT_REFUSED_TIME
    [line] = lines
    assert (line["event"], line["log_level"]) == ("carrier_account_refused", "error")
    assert "MESSAGING_FLOWROUTE_SECRET_KEY" in line["advice"]


@pytest.mark.parametrize(
    ("answer", "events", "wait"),
    [
        (KEYS_REFUSED, ["carrier_account_refused"], ACCOUNT_REFUSED_TIME),
        (UNKNOWN, ["carrier_circuit_open"], ACCOUNT_REFUSED_TIME),
        (ACCEPTED, ["carrier_circuit_closed"], None),
        (REFUSED, ["carrier_circuit_closed"], None),
    ],
)
def test_an_account_stays_refused_until_a_probe_is_accepted_or_refused(
    breaker: CircuitBreaker,
    clock: ManualClock,
    answer: Answer,
    events: list[str],
    wait: timedelta | None,
) -> None:
    breaker.record(KEYS_REFUSED)
    probe(breaker, clock)
    with capture_logs() as lines:
        breaker.record(answer)
    assert [line["event"] for line in lines] == events
    assert breaker.is_account_refused == (wait is not None)
    assert breaker.acquire() == wait


def test_no_message_is_held_back_for_longer_than_a_minute() -> None:
    assert max(MAX_OPEN_TIME, ACCOUNT_REFUSED_TIME, PROBE_TIMEOUT) == timedelta(minutes=1)
