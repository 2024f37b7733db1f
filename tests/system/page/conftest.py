"""The page in a real browser: one for all tests, a new context and a new simulator for each."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from integration.simulator.running_simulator import Simulator, running_simulator
from playwright.async_api import Browser, async_playwright
from system.page.phone_page import PhonePage

from support.clock import ManualClock

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Without the middle ones it tries to reach its maker, which costs seconds where nothing answers.
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Skips the tests if there is no browser, or fails if there must be one."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        missing = f"there is no browser: none of {', '.join(PROGRAMS)} is on the PATH"
        if os.environ.get("MASKLINE_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def running(clock: ManualClock) -> AsyncIterator[Simulator]:
    async with running_simulator(clock) as simulator:
        yield simulator


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, running: Simulator) -> AsyncIterator[PhonePage]:
    """The page of the simulator, loaded and connected."""
    async with await browser.new_context(viewport={"width": 1100, "height": 760}) as context:
        yield await PhonePage.load(context, running)
