"""The end of a thread stays in view for whoever reads there; nobody else is moved."""

import asyncio

import pytest
from integration.simulator.running_simulator import ALSO_OURS, OURS
from playwright.async_api import Route, expect
from system.page.phone_page import PhonePage, picture

from support.clock import ManualClock

pytestmark = pytest.mark.asyncio(loop_scope="session")

RESEND_SECONDS = 30


async def test_new_texts_and_their_pictures_stay_in_view(page: PhonePage) -> None:
    may_load = asyncio.Event()

    async def hold(route: Route) -> None:
        await may_load.wait()
        await route.continue_()

    await page.receive_many()
    await page.page.route("**/media/**", hold)
    await page.simulator.type_text("look", media=[picture(400, 400)])
    await expect(page.texts).to_have_count(21)
    assert await page.distance_from_end() <= 1
    may_load.set()
    image = page.texts.last.locator("img")
    await expect(image).to_have_js_property("naturalWidth", 400)
    await expect(page.texts.last.locator(".status")).to_be_in_viewport(ratio=1)
    assert await page.distance_from_end() <= 1


async def test_the_line_of_a_text_that_failed_stays_in_view(
    page: PhonePage, clock: ManualClock
) -> None:
    await page.receive_many()
    page.simulator.gateway.status = 503
    await page.draft.fill("hello")
    await page.draft.press("Enter")
    status = page.texts.last.locator(".status")
    await expect(status).to_contain_text("not accepted (HTTP 503)")
    await expect(status).to_be_in_viewport(ratio=1)
    for _ in range(4):
        clock.move(seconds=RESEND_SECONDS)
        await page.simulator.deliver()
    await expect(status).to_contain_text("given up")
    await expect(status).to_be_in_viewport(ratio=1)
    assert await page.distance_from_end() <= 1


async def test_a_growing_field_and_a_smaller_window_do_not_cover_the_end(page: PhonePage) -> None:
    await page.receive_many()
    await page.draft.fill("one\ntwo\nthree\nfour")
    await expect(page.texts.last).to_be_in_viewport(ratio=1)
    await page.page.set_viewport_size({"width": 1100, "height": 500})
    await expect(page.texts.last).to_be_in_viewport(ratio=1)


async def test_many_texts_at_once_do_not_look_like_a_reader_who_left_the_end(
    page: PhonePage,
) -> None:
    await page.receive_many()
    await asyncio.gather(*(page.receive(f"{'long ' * 40}{index}") for index in range(30)))
    await expect(page.texts).to_have_count(50)
    await expect(page.texts.last.locator(".status")).to_be_in_viewport(ratio=1)
    await expect(page.mark).to_be_hidden()


async def test_a_reader_further_up_stays_there_and_sees_a_mark(page: PhonePage) -> None:
    await page.receive_many()
    await page.scroll_up()
    before = await page.position()
    await page.receive("new one")
    await expect(page.mark).to_have_text("New texts ↓")
    await page.simulator.type_text("look", media=[picture(400, 400)])
    await expect(page.texts).to_have_count(22)
    await expect(page.texts.last.locator("img")).to_have_js_property("naturalWidth", 400)
    assert await page.position() == before
    await page.mark.click()
    await expect(page.texts.last.locator(".status")).to_be_in_viewport(ratio=1)
    await expect(page.mark).to_be_hidden()


async def test_the_mark_goes_when_its_reader_arrives_at_the_end(page: PhonePage) -> None:
    await page.receive_many()
    await page.scroll_up()
    await page.receive("new one")
    await expect(page.mark).to_be_visible()
    await page.phone.locator(".scroller").press("End")
    await expect(page.mark).to_be_hidden()
    await page.receive("another one")
    await expect(page.texts.last).to_be_in_viewport(ratio=1)


async def test_a_thread_is_found_where_it_was_left(page: PhonePage) -> None:
    await page.receive_many()
    await page.scroll_up()
    before = await page.position()
    await page.open(ALSO_OURS)
    await page.receive("new one")
    await page.open(OURS)
    assert await page.position() == before
    await expect(page.mark).to_be_visible()


async def test_a_text_that_fails_below_is_marked(page: PhonePage, clock: ManualClock) -> None:
    await page.receive_many()
    page.simulator.gateway.answers.clear()
    page.simulator.gateway.status = 503
    await page.draft.fill("hello")
    await page.draft.press("Enter")
    await expect(page.texts.last).to_contain_text("sending")
    await page.scroll_up()
    page.simulator.gateway.answers.set()
    await expect(page.mark).to_have_text("A text was not accepted ↓")


async def test_on_a_small_screen_the_end_is_in_view_too(page: PhonePage) -> None:
    await page.page.set_viewport_size({"width": 380, "height": 640})
    await page.receive_many()
    tabs = page.page.locator(".tab")
    await tabs.nth(1).click()
    await page.receive("new one")
    await expect(tabs.first).to_have_accessible_name("+14255550111, new texts")
    await tabs.first.click()
    await expect(page.texts.last.locator(".status")).to_be_in_viewport(ratio=1)
