"""Waiting for conditions that other processes and threads fulfil."""

import asyncio
from collections.abc import Awaitable, Callable

# A limit for a busy machine: nothing is asserted about speed.
PATIENCE_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.01


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Returns once the condition holds. Raises TimeoutError if it does not."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
