"""One fault run: people text, everything breaks, everything is mended, and then it is counted."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import httpx
from chaos.plan.fault_plan import blows
from chaos.traffic.carrier import CALL_SECONDS, CarrierControl
from chaos.deployment.injector import Chaos
from chaos.deployment.processes import Deployment
from chaos.results.artifacts import write_timeline
from chaos.traffic.observed import PATIENCE_SECONDS, Mailbox
from chaos.traffic.people import NOT_DELIVERED, OPENINGS, People
from chaos.plan.conversations import LANES, MASKED_NUMBERS, PHONES, meetings
from chaos.results.report import Result
from chaos.deployment.environment import POOL
from chaos.results.messages import DIGITS_OF_A_NUMBER, World
from chaos.results.checker import Verdict, judge

from runtime.redis.client import open_redis

# Nothing new on any phone and nothing owed for so long: longer than callbacks are repeated for.
CALM_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 0.2
TIMELINE = "texts.tsv"
OUTBOX = f"maskline:v1:{{{POOL}}}:outbox"


async def run(seed: int, seconds: float, folder: Path) -> Result:
    """Breaks things for so many seconds; `folder` keeps data and logs. Raises StackError."""
    deployment = Deployment(folder)
    try:
        await deployment.open()
        async with httpx.AsyncClient(
            base_url=deployment.simulator_url, timeout=CALL_SECONDS, trust_env=False
        ) as simulator:
            begun = time.monotonic()
            result = await _run(seed, seconds, deployment, simulator)
            return replace(result, seconds=time.monotonic() - begun)
    finally:
        await deployment.close()


async def _run(
    seed: int, seconds: float, deployment: Deployment, simulator: httpx.AsyncClient
) -> Result:
    mailbox = Mailbox()
    carrier = CarrierControl(simulator, mailbox)
    people, chaos = People(carrier, mailbox), Chaos(deployment, carrier)
    follower = asyncio.create_task(carrier.follow(PHONES))
    try:
        await _live(seed, seconds, people, chaos)
        await carrier.behave()
        left = await _calm(mailbox, deployment)
        await carrier.look(PHONES)
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
    return Result(
        seed=seed,
        planned_seconds=seconds,
        verdict=_judged(mailbox, deployment.logs),
        held=people.held,
        unfinished=tuple(people.unfinished),
        left=left,
        injected=chaos.injected,
        spoiled=carrier.spoiled,
        numbers_in_logs=_numbers_in(deployment.logs),
        logs=deployment.logs,
    )


def _judged(mailbox: Mailbox, logs: Path) -> Verdict:
    """The verdict; when something is wrong the texts' times are put beside the logs."""
    expected = [promise.expected() for promise in mailbox.promises]
    world = World(MASKED_NUMBERS, PHONES, OPENINGS, NOT_DELIVERED)
    verdict = judge(expected, mailbox.received.values(), world)
    if not verdict.is_right:
        write_timeline(logs / TIMELINE, expected, mailbox.received.values(), world)
    return verdict


async def _live(seed: int, seconds: float, people: People, chaos: Chaos) -> None:
    until = time.monotonic() + seconds

    async def lane(number: int) -> None:
        for meeting in meetings(seed, number):
            if time.monotonic() > until:
                return
            await people.hold(meeting)

    async with asyncio.TaskGroup() as all_of_it:
        for number in range(LANES):
            all_of_it.create_task(lane(number))
        all_of_it.create_task(chaos.rage(blows(seed, seconds)))


async def _calm(mailbox: Mailbox, deployment: Deployment) -> dict[str, int]:
    """Waits until nothing is owed and nothing happens any more; tells what is owed all the same."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        left = await _owed(mailbox, deployment)
        silent_for = time.monotonic() - mailbox.changed_at
        if time.monotonic() > deadline or (not any(left.values()) and silent_for > CALM_SECONDS):
            return left
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _owed(mailbox: Mailbox, deployment: Deployment) -> dict[str, int]:
    async with open_redis(deployment.redis_url) as redis:
        outbox = int(await redis.xlen(OUTBOX))
    return {
        "texts that never arrived": mailbox.owed(),
        "texts left in the outbox": outbox,
        "callbacks under way for ever": mailbox.under_way(),
    }


def _numbers_in(logs: Path) -> int:
    """How often a log shows a phone of these people."""
    written = "".join(path.read_text(errors="replace") for path in logs.glob("*.log"))
    return sum(written.count(phone[-DIGITS_OF_A_NUMBER:]) for phone in PHONES)
