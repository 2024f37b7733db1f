import asyncio
from contextlib import suppress

import pytest

from runtime.background import run_forever
from support.eventually import PATIENCE_SECONDS


async def end(loop: "asyncio.Task[None]") -> None:
    """Cancels a loop and waits for its end."""
    loop.cancel()
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(asyncio.CancelledError):
            await loop


async def test_a_loop_continues_after_failures_and_logs_their_types_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcomes = iter([ValueError("hunter2"), OSError("hunter2"), None])
    has_continued = asyncio.Event()

    async def run_once() -> float:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        has_continued.set()
        return 3600.0

    loop = asyncio.create_task(run_forever("tests", run_once))
    await has_continued.wait()
    await end(loop)
    logged = capsys.readouterr().out
    assert "ValueError" in logged
    assert "OSError" in logged
    assert "hunter2" not in logged


@pytest.mark.parametrize("fails", [False, True])
async def test_a_loop_ends_even_if_a_library_swallowed_its_cancellation(fails: bool) -> None:
    has_started = asyncio.Event()

    async def run_once() -> float:
        has_started.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if fails:
            raise OSError
        return 3600.0

    loop = asyncio.create_task(run_forever("tests", run_once))
    await has_started.wait()
    await end(loop)
