"""When the circuit opens, is probed and closes."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Uncertain
from messaging_service.model.errors import (
    CarrierAccountRefused,
    CarrierRateLimited,
    CarrierRefused,
    CarrierUnavailable,
    RecipientOptedOut,
)
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
REFUSED = Refused(CarrierRefused(), "HTTP 422")
OPTED_OUT = Refused(RecipientOptedOut(), "HTTP 400")
UNKNOWN = Uncertain("HTTP 500")
UNAVAILABLE = NotSent(CarrierUnavailable(timedelta(seconds=5)), "HTTP 503")
KEYS_REFUSED = NotSent(CarrierAccountRefused(timedelta(minutes=1)), "HTTP 401")
RATE_LIMITED = NotSent(CarrierRateLimited(timedelta(seconds=1)), "HTTP 429")


@pytest.fixture
def breaker(clock: ManualClock) -> CircuitBreaker:
    """A closed one that adds no jitter."""
    return CircuitBreaker(clock, lambda: 0.0)


def opened(breaker: CircuitBreaker) -> CircuitBreaker:
    for _ in range(FAILURES_LIMIT):
        breaker.record(UNKNOWN)
    return breaker


def after_a_while(breaker: CircuitBreaker, clock: ManualClock) -> CircuitBreaker:
    wait = breaker.acquire()
    assert wait is not None
    clock.move(seconds=wait.total_seconds())
    return breaker


@pytest.mark.parametrize("failure", [UNKNOWN, UNAVAILABLE])
def test_failures_in_a_row_open_it(breaker: CircuitBreaker, failure: Answer) -> None:
    for _ in range(FAILURES_LIMIT):
        assert breaker.acquire() is None
        breaker.record(failure)
    assert breaker.is_open
    assert breaker.acquire() == FIRST_OPEN_TIME


@pytest.mark.parametrize("success", [ACCEPTED, REFUSED, OPTED_OUT])
def test_an_accepted_or_refused_message_resets_the_count_of_failures(
    breaker: CircuitBreaker, success: Answer
) -> None:
    for _ in range(3):
        for _ in range(FAILURES_LIMIT - 1):
            breaker.record(UNKNOWN)
        breaker.record(success)
    assert not breaker.is_open
    assert breaker.acquire() is None


def test_a_carrier_that_asks_to_be_called_more_slowly_neither_opens_nor_closes_it(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    for _ in range(FAILURES_LIMIT):
        breaker.record(RATE_LIMITED)
    assert breaker.acquire() is None
    assert after_a_while(opened(breaker), clock).acquire() is None
    breaker.record(RATE_LIMITED)
    assert breaker.is_open
    # It answered, so the next one may try at once.
    assert breaker.acquire() is None


def test_after_the_open_time_one_probe_at_a_time_is_sent(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    after_a_while(opened(breaker), clock)
    assert breaker.acquire() is None
    assert breaker.acquire() == FIRST_OPEN_TIME
    assert breaker.acquire() == FIRST_OPEN_TIME


@pytest.mark.parametrize("success", [ACCEPTED, REFUSED])
def test_a_probe_that_is_answered_closes_it(
    breaker: CircuitBreaker, clock: ManualClock, success: Answer
) -> None:
    after_a_while(opened(breaker), clock).acquire()
    breaker.record(success)
    assert not breaker.is_open
    assert [breaker.acquire(), breaker.acquire()] == [None, None]
    breaker.record(UNKNOWN)
    assert not breaker.is_open


def test_each_probe_that_fails_doubles_the_time_up_to_a_minute(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    opened(breaker)
    spans = []
    for _ in range(8):
        wait = breaker.acquire()
        assert wait is not None
        spans.append(wait.total_seconds())
        assert after_a_while(breaker, clock).acquire() is None
        breaker.record(UNKNOWN)
    assert spans == [1, 2, 4, 8, 16, 32, 60, 60]


def test_after_it_closed_the_time_begins_small_again(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    opened(breaker)
    for answer in (UNKNOWN, UNKNOWN, ACCEPTED):
        after_a_while(breaker, clock).acquire()
        breaker.record(answer)
    assert opened(breaker).acquire() == FIRST_OPEN_TIME


def test_answers_to_messages_in_flight_do_not_extend_the_open_time(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    opened(opened(breaker))
    assert breaker.acquire() == FIRST_OPEN_TIME
    after_a_while(breaker, clock).acquire()
    breaker.record(UNKNOWN)
    assert breaker.acquire() == 2 * FIRST_OPEN_TIME


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_jitter_takes_up_to_half_of_the_time_away(clock: ManualClock, jitter: float) -> None:
    breaker = opened(CircuitBreaker(clock, lambda: jitter))
    assert breaker.acquire() == FIRST_OPEN_TIME * (1 - jitter / 2)


def test_after_a_probe_without_a_result_another_one_is_sent(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    after_a_while(opened(breaker), clock).acquire()
    clock.move(seconds=PROBE_TIMEOUT.total_seconds())
    assert breaker.acquire() is None
    assert breaker.acquire() == FIRST_OPEN_TIME


def test_after_a_probe_that_was_not_sent_the_next_one_is_sent_at_once(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    after_a_while(opened(breaker), clock).acquire()
    breaker.release()
    assert breaker.acquire() is None
    assert breaker.acquire() == FIRST_OPEN_TIME


def test_releasing_a_message_neither_opens_nor_closes_the_circuit(breaker: CircuitBreaker) -> None:
    breaker.release()
    assert breaker.acquire() is None
    opened(breaker).release()
    assert breaker.acquire() == FIRST_OPEN_TIME


def test_a_refused_account_opens_the_circuit_at_once_and_is_logged_as_an_error(
    breaker: CircuitBreaker,
) -> None:
    with capture_logs() as lines:
        breaker.record(KEYS_REFUSED)
    assert breaker.is_account_refused
    assert breaker.acquire() == ACCOUNT_REFUSED_TIME
    [line] = lines
    assert (line["event"], line["log_level"]) == ("carrier_account_refused", "error")
    assert "MESSAGING_FLOWROUTE_SECRET_KEY" in line["advice"]


def test_answers_to_messages_in_flight_do_not_log_the_refused_account_again(
    breaker: CircuitBreaker,
) -> None:
    with capture_logs() as lines:
        for _ in range(16):
            breaker.record(KEYS_REFUSED)
    assert len(lines) == 1


def test_an_account_that_is_refused_again_is_logged_again(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    breaker.record(KEYS_REFUSED)
    after_a_while(breaker, clock).acquire()
    with capture_logs() as lines:
        breaker.record(KEYS_REFUSED)
    assert [line["event"] for line in lines] == ["carrier_account_refused"]
    assert breaker.acquire() == ACCOUNT_REFUSED_TIME


@pytest.mark.parametrize("success", [ACCEPTED, REFUSED])
def test_the_first_accepted_or_refused_message_ends_the_refusal_of_the_account(
    breaker: CircuitBreaker, clock: ManualClock, success: Answer
) -> None:
    breaker.record(KEYS_REFUSED)
    after_a_while(breaker, clock).acquire()
    breaker.record(success)
    assert not breaker.is_account_refused
    assert breaker.acquire() is None


def test_a_refused_account_stays_refused_while_the_carrier_does_not_answer(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    breaker.record(KEYS_REFUSED)
    after_a_while(breaker, clock).acquire()
    breaker.record(UNKNOWN)
    assert breaker.is_account_refused
    assert breaker.acquire() == ACCOUNT_REFUSED_TIME


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    with capture_logs() as lines:
        after_a_while(opened(breaker), clock).acquire()
        breaker.record(ACCEPTED)
        breaker.record(ACCEPTED)
    events = [line["event"] for line in lines]
    assert events == ["carrier_circuit_open", "carrier_circuit_closed"]


def test_no_message_is_held_back_for_longer_than_a_minute() -> None:
    assert max(MAX_OPEN_TIME, ACCOUNT_REFUSED_TIME, PROBE_TIMEOUT) == timedelta(minutes=1)
