"""A half-typed text goes to the person for whom it was typed, and to nobody else."""

import asyncio

import pytest
from integration.simulator.running_simulator import ALICE, ALSO_OURS, BOB, OURS
from playwright.async_api import FilePayload, Route, expect
from system.page.phone_page import PhonePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def recipients(page: PhonePage, body: str) -> list[object]:
    texts = [*await page.simulator.texts(ALICE), *await page.simulator.texts(BOB)]
    return [text["peer"] for text in texts if text["body"] == body]


@pytest.mark.parametrize("number", [OURS, ALSO_OURS])
async def test_a_text_from_elsewhere_does_not_redirect_what_is_being_typed(
    page: PhonePage, number: str
) -> None:
    elsewhere = ALSO_OURS if number == OURS else OURS
    await page.open(number)
    await page.draft.press_sequentially("meet me ")
    await page.receive("who are you?", elsewhere)
    await expect(page.phone.get_by_role("button", name=f"New from {elsewhere}")).to_be_visible()
    await expect(page.number).to_have_value(number)
    await expect(page.draft).to_be_focused()
    await page.page.keyboard.type("at noon")
    await page.page.keyboard.press("Enter")
    await expect(page.draft).to_have_value("")
    assert await recipients(page, "meet me at noon") == [number]


async def test_each_thread_keeps_its_draft_and_files(page: PhonePage) -> None:
    picture = FilePayload(name="cat.png", mimeType="image/png", buffer=b"cat")
    await page.open(OURS)
    await page.draft.fill("for the first")
    await page.phone.locator(".file").set_input_files(picture)
    await page.open(ALSO_OURS)
    await expect(page.draft).to_have_value("")
    await page.draft.fill("for the second")
    await page.draft.press("Enter")
    await expect(page.texts).to_have_count(1)
    await expect(page.texts.locator(".media a")).to_have_count(0)
    await page.open(OURS)
    await expect(page.draft).to_have_value("for the first")
    await page.draft.press("Enter")
    await expect(page.texts.locator(".media a")).to_have_count(1)
    assert await recipients(page, "for the first") == [OURS]
    assert await recipients(page, "for the second") == [ALSO_OURS]


async def test_the_unread_mark_opens_its_thread_and_goes(page: PhonePage) -> None:
    await page.open(OURS)
    await page.receive("hello", ALSO_OURS)
    option = page.number.locator(f"option[value='{ALSO_OURS}']")
    await expect(option).to_have_text(f"● {ALSO_OURS}")
    await page.phone.get_by_role("button", name=f"New from {ALSO_OURS}").click()
    await expect(page.texts.locator(".body")).to_have_text(["hello"])
    await expect(page.draft).to_be_focused()
    await expect(option).to_have_text(ALSO_OURS)
    await expect(page.phone.locator(".unread button")).to_have_count(0)


async def test_switching_while_a_text_is_sent_leaves_the_other_draft_alone(page: PhonePage) -> None:
    requested, may_answer = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        requested.set()
        await may_answer.wait()
        await route.continue_()

    await page.open(ALSO_OURS)
    await page.draft.fill("for the second")
    await page.open(OURS)
    await page.draft.fill("for the first")
    await page.page.route("**/texts", hold)
    await page.draft.press("Enter")
    await page.draft.press("Enter")
    await requested.wait()
    await page.open(ALSO_OURS)
    await page.draft.focus()
    may_answer.set()
    await page.open(OURS)
    await expect(page.texts.locator(".body")).to_have_text(["for the first"])
    await expect(page.draft).to_have_value("")
    await page.open(ALSO_OURS)
    await expect(page.draft).to_have_value("for the second")


async def test_a_draft_survives_a_reload_of_all_texts(
    page: PhonePage,
) -> None:
    await page.open(ALSO_OURS)
    await page.draft.fill("half a text")
    # More events than the simulator keeps: the page reloads everything.
    page.simulator.carrier.feed._events.clear()
    await page.receive("hello", OURS)
    await expect(page.phone.locator(".unread button")).to_have_count(1)
    await expect(page.number).to_have_value(ALSO_OURS)
    await expect(page.draft).to_have_value("half a text")


async def test_what_the_simulator_refuses_stays_in_its_field(page: PhonePage) -> None:
    await page.draft.fill("hello")
    await page.page.route("**/texts", lambda route: route.abort())
    await page.draft.press("Enter")
    await expect(page.page.locator("#problem")).to_have_text("The simulator does not respond.")
    await expect(page.draft).to_have_value("hello")
    await expect(page.draft).to_be_editable()
