"""The service reads the simulator's account, a process of its own, over real HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest
from integration.messaging.conftest import SIMULATOR_GATEWAY, SIMULATOR_NUMBERS
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.messaging_service import Messaging, serving, settings_for

EXPECTED = f"{SIMULATOR_GATEWAY}/api/message"


@pytest.fixture
async def messaging(
    redis: Redis, redis_url: str, simulator_url: str, clock: ManualClock
) -> AsyncIterator[Messaging]:
    settings = settings_for(redis_url, simulator_url, public_url=SIMULATOR_GATEWAY)
    async with serving(settings, clock) as running:
        yield running


async def test_all_numbers_of_the_account_are_listed_on_one_page_or_on_several(
    messaging: Messaging,
) -> None:
    whole = await messaging.list_numbers()
    assert tuple(number.phone_number for number in whole.numbers) == SIMULATOR_NUMBERS
    assert [number.type for number in whole.numbers] == ["longcode", "longcode", "toll-free"]
    assert all(number.is_messaging_enabled for number in whole.numbers)
    assert whole.next_page_token == ""

    first = await messaging.list_numbers(2)
    last = await messaging.list_numbers(2, first.next_page_token)
    pages = [[number.phone_number for number in page.numbers] for page in (first, last)]
    assert pages == [[*SIMULATOR_NUMBERS[:2]], [*SIMULATOR_NUMBERS[2:]]]
    assert last.next_page_token == ""


async def test_a_check_reports_the_callback_urls_and_their_changes(
    messaging: Messaging, simulator: httpx.AsyncClient
) -> None:
    checked = await messaging.check()
    assert checked.is_authorized
    assert [callback.url for callback in checked.callbacks] == [EXPECTED] * 2
    assert {callback.expected_url for callback in checked.callbacks} == {EXPECTED}
    assert {callback.api_version for callback in checked.callbacks} == {"v2.2"}

    elsewhere = "https://elsewhere.example/texts"
    await simulator.put("/v2.2/messages/sms_callback", json={"callback_url": elsewhere})
    await simulator.delete("/v2.2/messages/mms_callback")
    sms, mms = (await messaging.check()).callbacks
    assert (sms.url, mms.url) == (elsewhere, "")
    assert sms.expected_url == mms.expected_url == EXPECTED
    for kind in ("sms_callback", "mms_callback"):
        await simulator.put(f"/v2.2/messages/{kind}", json={"callback_url": EXPECTED})


async def test_wrong_keys_are_reported(
    redis: Redis, redis_url: str, simulator_url: str, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, simulator_url, secret_key="wrong")
    async with serving(settings, clock) as messaging:
        assert await messaging.check() == pb.CheckAccountResponse()
