"""The page says whether the services work, when a text is tried again, and tries it now."""

import asyncio

import pytest
from integration.simulator.running_simulator import running_simulator
from playwright.async_api import Browser, Route, expect
from system.page.phone_page import PhonePage

from support.clock import ManualClock
from support.net.ports import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_it_is_live_only_while_the_services_are_ready(page: PhonePage) -> None:
    connection, effect = page.page.locator("#connection"), page.page.locator("#effect")
    services = page.page.locator("#services li")
    await expect(services).to_have_text(["gateway: ready", "conversation service: ready"])
    for status, states, words in [
        (503, ["gateway: ready", "conversation service: not ready"], "refuses texts"),
        (404, ["gateway: not ready", "conversation service: not known"], "does not respond"),
    ]:
        page.simulator.gateway.readiness = status
        await expect(services).to_have_text(states)
        await expect(connection).to_have_text("Not live")
        await expect(effect).to_contain_text(words)
    page.simulator.gateway.readiness = 200
    await expect(connection).to_have_text("Live")
    await expect(effect).to_be_empty()


async def test_a_messaging_service_that_is_not_there_is_shown(
    browser: Browser, clock: ManualClock
) -> None:
    target = f"127.0.0.1:{free_port()}"
    async with (
        running_simulator(clock, messaging_target=target) as simulator,
        await browser.new_context() as context,
    ):
        page = await PhonePage.load(context, simulator, connection="Not live")
        await expect(page.page.locator("#services")).to_contain_text("messaging service: not ready")
        await expect(page.page.locator("#effect")).to_contain_text("accepted, but delivered only")


async def test_a_simulator_that_does_not_respond_is_not_live(page: PhonePage) -> None:
    async def refuse(route: Route) -> None:
        await route.abort()

    await page.page.route("**/services", refuse)
    await expect(page.page.locator("#connection")).to_have_text("Not connected")
    await expect(page.page.locator("#effect")).to_contain_text("simulator does not respond")
    await expect(page.page.locator("#services li")).to_have_text(
        ["gateway: not known", "conversation service: not known"]
    )


async def test_a_refused_text_says_when_it_is_tried_again(
    page: PhonePage, clock: ManualClock
) -> None:
    page.simulator.gateway.status = 503
    await page.draft.fill("hello")
    await page.draft.press("Enter")
    status = page.texts.last.locator(".status")
    await expect(status).to_contain_text("not accepted (HTTP 503), sent once")
    await expect(status).to_contain_text("next try in 30 s")
    clock.move(seconds=10)
    await expect(status).to_contain_text("next try in 20 s")
    page.simulator.gateway.status = 200
    await status.get_by_role("button", name="try now").click()
    await expect(status).to_contain_text("accepted by Maskline, sent 2 times")
    await expect(status.locator(".next")).to_be_empty()
    await expect(status.get_by_role("button", name="send again")).to_be_visible()
    clock.move(seconds=60)
    await page.simulator.deliver()
    assert len(page.simulator.gateway.received) == 2


async def test_a_gateway_that_does_not_answer_is_told_from_one_that_refuses(
    browser: Browser, clock: ManualClock
) -> None:
    async with (
        running_simulator(clock, gateway_url=f"http://127.0.0.1:{free_port()}") as simulator,
        await browser.new_context() as context,
    ):
        page = await PhonePage.load(context, simulator, connection="Not live")
        await page.draft.fill("hello")
        await page.draft.press("Enter")
        await expect(page.texts.last).to_contain_text("not accepted (no response)")
        await expect(page.page.locator("#services li").first).to_have_text("gateway: not ready")


async def test_a_new_stream_begins_when_one_was_refused(page: PhonePage) -> None:
    """As by a proxy whose server restarts: a browser does not try again by itself."""
    refused = asyncio.Event()

    async def refuse_once(route: Route) -> None:
        if refused.is_set():
            await route.continue_()
        else:
            refused.set()
            await route.fulfill(status=503)

    await page.page.route("**/events", refuse_once)
    await page.page.reload()
    await refused.wait()
    await expect(page.page.locator("#connection")).to_have_text("Live")
    await page.receive("hello")
    await expect(page.texts).to_have_count(1)
