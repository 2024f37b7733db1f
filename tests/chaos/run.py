"""One fault run: people text while parts fail, then everything is repaired and compared."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import httpx
from chaos.deployment.environment import POOL
from chaos.deployment.injector import Injector
from chaos.deployment.processes import Deployment
from chaos.plan.conversations import LANES, MASKED_NUMBERS, PHONES, meetings
from chaos.plan.fault_plan import planned_faults
from chaos.results.artifacts import write_timeline
from chaos.results.checker import CheckResult, check_messages
from chaos.results.messages import DIGITS_OF_A_NUMBER, RunContext
from chaos.results.report import Result
from chaos.traffic.carrier import CALL_SECONDS, CarrierControl
from chaos.traffic.observed import WAIT_SECONDS, Observed
from chaos.traffic.people import NOTICES, OPENINGS, People

from runtime.redis.client import open_redis

# Nothing new on any phone for so long: longer than the interval of repeated callbacks.
QUIET_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 0.2
TIMELINE = "texts.tsv"
OUTBOX = f"ml1:{{{POOL}}}:outbox"


async def run(seed: int, seconds: float, folder: Path) -> Result:
    """Runs for so many seconds; `folder` keeps data and logs. Raises StackError."""
    deployment = Deployment(folder)
    try:
        await deployment.open()
        async with httpx.AsyncClient(
            base_url=deployment.simulator_url, timeout=CALL_SECONDS, trust_env=False
        ) as simulator:
            started = time.monotonic()
            result = await _run(seed, seconds, deployment, simulator)
            return replace(result, seconds=time.monotonic() - started)
    finally:
        await deployment.close()


async def _run(
    seed: int, seconds: float, deployment: Deployment, simulator: httpx.AsyncClient
) -> Result:
    observed = Observed()
    carrier = CarrierControl(simulator, observed)
    people, chaos = People(carrier, observed), Injector(deployment, carrier)
    follower = asyncio.create_task(carrier.follow(PHONES))
    try:
        await _run_traffic(seed, seconds, people, chaos)
        await carrier.remove_faults()
        left = await _until_quiet(observed, deployment)
        await carrier.look(PHONES)
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
    return Result(
        seed=seed,
        planned_seconds=seconds,
        checks=_checked(observed, deployment.logs, has_stuck=bool(people.unfinished)),
        completed=people.completed,
        unfinished=tuple(people.unfinished),
        left=left,
        injected=chaos.injected,
        carrier_faults=carrier.carrier_faults,
        numbers_in_logs=_numbers_in(deployment.logs),
        logs=deployment.logs,
    )


def _checked(observed: Observed, logs: Path, *, has_stuck: bool) -> CheckResult:
    """If anything went wrong, the times of all messages are written beside the logs."""
    expected = [expectation.expected() for expectation in observed.expectations]
    context = RunContext(MASKED_NUMBERS, PHONES, OPENINGS, NOTICES)
    checks = check_messages(expected, observed.received.values(), context)
    if has_stuck or not checks.is_right:
        write_timeline(logs / TIMELINE, expected, observed.received.values(), context)
    return checks


async def _run_traffic(seed: int, seconds: float, people: People, chaos: Injector) -> None:
    until = time.monotonic() + seconds

    async def lane(number: int) -> None:
        for meeting in meetings(seed, number):
            if time.monotonic() > until:
                return
            await people.run(meeting)

    async with asyncio.TaskGroup() as all_of_it:
        for number in range(LANES):
            all_of_it.create_task(lane(number))
        all_of_it.create_task(chaos.inject(planned_faults(seed, seconds)))


async def _until_quiet(observed: Observed, deployment: Deployment) -> dict[str, int]:
    """Waits until nothing is missing and nothing changes; returns what is missing all the same."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        left = await _missing(observed, deployment)
        silent_for = time.monotonic() - observed.changed_at
        if time.monotonic() > deadline or (not any(left.values()) and silent_for > QUIET_SECONDS):
            return left
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _missing(observed: Observed, deployment: Deployment) -> dict[str, int]:
    async with open_redis(deployment.redis_url) as redis:
        outbox = int(await redis.xlen(OUTBOX))
    return {
        "texts that never arrived": observed.missing(),
        "texts left in the outbox": outbox,
        "callbacks under way for ever": observed.under_way(),
    }


def _numbers_in(logs: Path) -> int:
    """How often logs show a phone number."""
    written = "".join(path.read_text(errors="replace") for path in logs.glob("*.log"))
    return sum(written.count(phone[-DIGITS_OF_A_NUMBER:]) for phone in PHONES)
