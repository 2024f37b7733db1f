"""Any sequence of what people, clients, operators, the carrier and time can do."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest
import uvloop
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from structlog.testing import capture_logs

from model.conftest import STEPS_DONE
from model.checks.invariants import tells_nothing
from model.machine import Machine
from model.rules.base import Stage
from model.deployment import connections

# What each run can afford; a soak says how many more, and draws others every time.
STEPS = int(os.environ.get("MODEL_STEPS", "20000"))
IS_SOAK = "MODEL_STEPS" in os.environ
STEPS_OF_AN_EXAMPLE = 100
# Some examples end before they are full.
EXAMPLES = STEPS * 7 // 6 // STEPS_OF_AN_EXAMPLE + 1

SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS_OF_AN_EXAMPLE,
    deadline=None,
    derandomize=not IS_SOAK,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def stage_on(redis_url: str) -> Iterator[None]:
    """One event loop for all examples, as grpc.aio wants it, and the connections."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        opened = AsyncExitStack()
        Stage.loop = runner.get_loop()
        Stage.connections = runner.run(opened.enter_async_context(connections(redis_url)))
        try:
            yield
        finally:
            runner.run(opened.aclose())


def test_the_service_does_what_the_model_expects_whatever_happens(
    redis_url: str, pytestconfig: pytest.Config
) -> None:
    try:
        with stage_on(redis_url), capture_logs() as lines:
            run_state_machine_as_test(Machine, settings=SETTINGS)
    finally:
        pytestconfig.stash[STEPS_DONE] = Stage.steps
    tells_nothing(repr(lines).encode())
    assert Stage.steps >= STEPS
