"""The driver: POSTs callbacks from a process of its own and says how each fared.

Reads a plan (JSON) from standard input and writes the outcome to standard output.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True)
class Plan:
    """Bodies to POST. With a rate, one each 1/rate seconds whatever comes back; without, as fast
    as `connections` allow."""

    url: str
    bodies: list[str]
    connections: int
    rate: float | None


async def drive(plan: Plan) -> list[tuple[int, int, int]]:
    """For each body: when it was meant to leave, when it was answered, and the status."""
    connector = aiohttp.TCPConnector(limit=plan.connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(_warm(session, plan.url) for _ in range(plan.connections)))
        return await (_at_rate(session, plan) if plan.rate else _at_once(session, plan))


async def _at_rate(session: aiohttp.ClientSession, plan: Plan) -> list[tuple[int, int, int]]:
    start = time.monotonic_ns() + 50_000_000
    gap = 1e9 / (plan.rate or 1.0)
    tasks = []
    for number, body in enumerate(plan.bodies):
        intended = start + int(number * gap)
        wait = (intended - time.monotonic_ns()) / 1e9
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(_post(session, plan.url, body, intended)))
    return list(await asyncio.gather(*tasks))


async def _at_once(session: aiohttp.ClientSession, plan: Plan) -> list[tuple[int, int, int]]:
    left = iter(enumerate(plan.bodies))
    results: list[tuple[int, int, int]] = [(0, 0, 0)] * len(plan.bodies)

    async def worker() -> None:
        for number, body in left:
            results[number] = await _post(session, plan.url, body, time.monotonic_ns())

    await asyncio.gather(*(worker() for _ in range(plan.connections)))
    return results


async def _post(
    session: aiohttp.ClientSession, url: str, body: str, intended: int
) -> tuple[int, int, int]:
    headers = {"content-type": "application/json"}
    async with session.post(url, data=body, headers=headers) as answer:
        await answer.read()
        return intended, time.monotonic_ns(), answer.status


async def _warm(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url) as answer:
        await answer.read()


if __name__ == "__main__":
    json.dump(asyncio.run(drive(Plan(**json.load(sys.stdin)))), sys.stdout)
