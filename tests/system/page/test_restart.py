"""Phones and threads are there after a restart of the simulator, and of the browser."""

from pathlib import Path

import pytest
from integration.simulator.running_simulator import ALICE, ALSO_OURS, running_simulator
from playwright.async_api import Browser, expect
from system.page.phone_page import PhonePage, picture

from support.clock import ManualClock

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAROL = "+13605550133"


async def test_threads_and_pictures_survive_a_restart_of_both(
    browser: Browser, clock: ManualClock, tmp_path: Path
) -> None:
    data_file = tmp_path / "phones.sqlite3"
    async with running_simulator(clock, data_file=data_file) as simulator:
        await simulator.http.post("/simulator/phones", json={"number": CAROL})
        await simulator.type_text("look", to=ALSO_OURS, media=[picture()])
        await simulator.deliver()
    async with (
        running_simulator(clock, data_file=data_file) as simulator,
        await browser.new_context() as context,
    ):
        page = await PhonePage.load(context, simulator)
        await expect(page.page.get_by_role("region", name=f"Phone {CAROL}")).to_be_visible()
        # The newest thread is open.
        await expect(page.number).to_have_value(ALSO_OURS)
        await expect(page.texts.locator(".body")).to_have_text(["look"])
        await expect(page.texts.locator("img")).to_have_js_property("naturalWidth", 200)
        await expect(page.texts.locator(".state")).to_have_text("accepted by Maskline")


async def test_an_open_page_goes_on_after_a_restart_of_the_simulator(
    browser: Browser, clock: ManualClock, tmp_path: Path
) -> None:
    data_file = tmp_path / "phones.sqlite3"
    async with await browser.new_context() as context:
        async with running_simulator(clock, data_file=data_file) as simulator:
            page = await PhonePage.load(context, simulator)
            await page.receive("before")
            await page.open(ALSO_OURS)
            await page.draft.fill("half a text")
        await expect(page.page.locator("#connection")).not_to_have_text("Live")
        async with running_simulator(clock, data_file=data_file, port=simulator.port) as simulator:
            await expect(page.page.locator("#connection")).to_have_text("Live")
            await simulator.send(to=ALICE, body="after")
            await expect(page.phone.locator(".unread button")).to_have_count(1)
            await expect(page.draft).to_have_value("half a text")
            await page.phone.locator(".unread button").click()
            await expect(page.texts.locator(".body")).to_have_text(["before", "after"])
