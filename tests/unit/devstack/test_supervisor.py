from datetime import timedelta

from devstack.supervisor import RestartBudget
from support.clock import ManualClock


def make_budget(clock: ManualClock) -> RestartBudget:
    return RestartBudget(clock, limit=3, window=timedelta(minutes=1))


def test_a_restart_counts_for_one_window(clock: ManualClock) -> None:
    budget = make_budget(clock)
    budget.take()
    clock.move(seconds=30)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    clock.move(seconds=30)
    assert [budget.take() for _ in range(2)] == [True, False]


def test_the_budget_ends_at_its_limit_and_a_refusal_prolongs_no_wait(clock: ManualClock) -> None:
    budget = make_budget(clock)
    assert [budget.take() for _ in range(4)] == [True, True, True, False]
    clock.move(seconds=59.9)
    assert not budget.take()
    clock.move(seconds=0.1)
    assert budget.take()
