"""The service does what the model expects, whatever happens in whatever order."""

import asyncio
import os
import secrets
from collections.abc import Callable

import pytest
import uvloop
from model.checks.invariants import shows_nothing_private
from model.deployment import connections
from model.machine import STEPS_OF_AN_EXAMPLE, ExampleFailed, Machine, drawn_steps, explore
from model.rules.base import RULES
from structlog.testing import capture_logs

SHORT_STEPS, SHORT_SEED = 900, 1
LONG_STEPS = int(os.environ.get("MODEL_STEPS", "25000"))
# A seed, or a seed and the example of it to begin with, such as 7.12. Empty for a drawn seed.
LONG_SEED = os.environ.get("MODEL_SEED", "")

Record = Callable[[str, object], None]


def explored(redis_url: str, seed: int, steps: int, first: int = 0) -> int:
    """One event loop for all examples, as grpc.aio wants it."""

    async def run() -> int:
        async with connections(redis_url) as connected:
            return await explore(connected, seed, first, steps)

    with capture_logs() as lines, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(run())
    shows_nothing_private(repr(lines).encode())
    return done


def test_the_service_does_what_the_model_expects(redis_url: str) -> None:
    assert explored(redis_url, SHORT_SEED, SHORT_STEPS) >= SHORT_STEPS


@pytest.mark.slow
def test_the_service_does_what_the_model_expects_in_many_steps(
    redis_url: str, record_property: Record
) -> None:
    seed, _, first = (LONG_SEED or str(secrets.randbelow(10**6))).partition(".")
    print(f"model: seed {seed}")
    done = explored(redis_url, int(seed), LONG_STEPS, int(first or 0))
    record_property("summary", f"model: {done} steps beside the service, seed {seed}")


def test_the_short_run_has_every_rule() -> None:
    examples = SHORT_STEPS // STEPS_OF_AN_EXAMPLE
    drawn = {step.rule for number in range(examples) for step in drawn_steps(SHORT_SEED, number)}
    assert drawn >= {*RULES}


def test_steps_follow_from_the_seed() -> None:
    assert drawn_steps(1, 0) == drawn_steps(1, 0) != drawn_steps(1, 1)
    assert drawn_steps(1, 0) != drawn_steps(2, 0)


def test_a_failing_example_is_shortened_and_told_with_its_seed(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wrong(self: Machine) -> None:
        assert not self.runner.model.opted_out, "somebody has opted out"

    monkeypatch.setattr(Machine, "moment_passes", wrong)
    with pytest.raises(ExampleFailed, match="make soak STEPS=1 SEED=7\\.") as failure:
        explored(redis_url, 7, 20_000)
    steps = str(failure.value).partition("needs:\n")[2].partition("\nAssertionError")[0]
    assert 1 <= steps.count("\n") <= 3
    assert steps.endswith("\n  moment_passes()")
