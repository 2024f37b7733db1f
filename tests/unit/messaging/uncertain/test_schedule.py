from datetime import timedelta
from itertools import product

import pytest

from messaging_service.model.message import SendResolution, UncertainSendPolicy
from messaging_service.uncertain.schedule import (
    BLIND_RESENDS_LIMIT,
    MAX_RESENDS,
    LookupSchedule,
    resolution_for,
)

SCHEDULE = LookupSchedule(tuple(timedelta(seconds=time) for time in (5, 15, 60, 300)))
DUPLICATE, LOSS = UncertainSendPolicy.PREFER_DUPLICATE, UncertainSendPolicy.PREFER_LOSS


@pytest.mark.parametrize(
    ("looked", "due_seconds"),
    # The last look is made up for after the last interval.
    [(0, 5), (1, 15), (2, 60), (3, 300), (4, 540)],
)
def test_each_lookup_is_due_at_its_time_and_not_before(looked: int, due_seconds: float) -> None:
    due = timedelta(seconds=due_seconds)
    assert SCHEDULE.is_due(due, looked)
    assert not SCHEDULE.is_due(due - timedelta(milliseconds=1), looked)


def test_a_schedule_of_one_lookup_has_an_additional_one_after_the_same_time() -> None:
    once = LookupSchedule((timedelta(seconds=10),))
    assert once.is_due(timedelta(seconds=20), 1)
    assert not once.is_due(timedelta(seconds=19), 1)


@pytest.mark.parametrize(
    ("waited", "looked", "pause_seconds"),
    [
        (0, 0, 2.0),
        (4.5, 0, 0.5),
        (5, 0, 0.1),
        (7, 0, 0.1),
        (1000, 0, 2.0),
        (5, 1, 2.0),
        (300, 4, 2.0),
    ],
)
def test_the_retry_delay_ends_when_the_next_lookup_is_due_and_within_two_seconds(
    waited: float, looked: int, pause_seconds: float
) -> None:
    pause = SCHEDULE.retry_after(timedelta(seconds=waited), looked)
    assert pause.total_seconds() == pause_seconds


@pytest.mark.parametrize(
    ("waited", "looked", "done"),
    [(5, 0, 1), (14, 0, 1), (15, 1, 2), (70, 0, 3), (10_000, 0, 4), (300, 3, 4), (10_000, 4, 5)],
)
def test_a_late_lookup_counts_for_all_whose_time_has_passed_but_not_for_the_additional_one(
    waited: float, looked: int, done: int
) -> None:
    assert SCHEDULE.done(timedelta(seconds=waited), looked, has_failed=False) == done


@pytest.mark.parametrize("looked", range(5))
def test_a_late_lookup_that_could_not_read_all_records_counts_once(looked: int) -> None:
    late = timedelta(seconds=10_000)
    assert SCHEDULE.done(late, looked, has_failed=True) == looked + 1


@pytest.mark.parametrize(
    ("looked", "is_complete", "policy", "expected"),
    [
        *(
            (looked, *rest, None)
            for looked, *rest in product((1, 3), (True, False), UncertainSendPolicy)
        ),
        *(
            (looked, True, policy, "SENT_AGAIN")
            for looked, policy in product((4, 5), UncertainSendPolicy)
        ),
        *((4, False, policy, None) for policy in UncertainSendPolicy),
        (5, False, DUPLICATE, "PREFERRED_DUPLICATE"),
        (5, False, LOSS, "PREFERRED_LOSS"),
    ],
)
def test_the_last_lookup_decides_or_the_policy_if_it_was_incomplete(
    looked: int, is_complete: bool, policy: UncertainSendPolicy, expected: str | None
) -> None:
    resolution = resolution_for(SCHEDULE, looked, is_complete=is_complete, resends=0, policy=policy)
    assert resolution == (expected and SendResolution(expected))


@pytest.mark.parametrize(
    ("is_complete", "limit"), [(True, MAX_RESENDS), (False, BLIND_RESENDS_LIMIT)]
)
def test_a_message_is_sent_again_a_limited_number_of_times_whatever_the_policy(
    is_complete: bool, limit: int
) -> None:
    for resends, is_sent_again in ((limit - 1, True), (limit, False)):
        resolution = resolution_for(
            SCHEDULE, 5, is_complete=is_complete, resends=resends, policy=DUPLICATE
        )
        assert (resolution is not SendResolution.PREFERRED_LOSS) == is_sent_again


def test_blind_resends_are_fewer_than_resends_of_known_losses() -> None:
    assert (BLIND_RESENDS_LIMIT, MAX_RESENDS) == (2, 8)
