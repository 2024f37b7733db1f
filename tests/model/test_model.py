"""Any sequence of what people, clients, operators, the carrier and time can do."""

import asyncio
import os

import uvloop
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import Machine
from .stage import Stage
from .world import connections

# What the normal run can afford; a soak says how many more.
STEPS = int(os.environ.get("MODEL_STEPS", "20000"))
STEPS_OF_AN_EXAMPLE = 100
# Some examples end before.
EXAMPLES = STEPS * 4 // 3 // STEPS_OF_AN_EXAMPLE

SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS_OF_AN_EXAMPLE,
    deadline=None,
    derandomize="MODEL_STEPS" not in os.environ,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


def test_the_service_does_what_the_model_expects_whatever_happens(redis_url: str) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        opened = connections(redis_url)
        Machine.loop, Machine.connections = runner.get_loop(), runner.run(opened.__aenter__())
        try:
            run_state_machine_as_test(Machine, settings=SETTINGS)
        finally:
            runner.run(opened.__aexit__(None, None, None))
    assert Stage.steps >= STEPS
