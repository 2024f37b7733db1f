"""The service reads the simulator's account, a process of its own, over real HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.messaging_service import Messaging, serving, settings_for
from support.simulator_process import KEYS, simulator

GATEWAY = "http://gateway.example"
NUMBERS = ["+12065550100", "+12065550101", "+18005550102"]


@pytest.fixture
async def simulator_url() -> AsyncIterator[str]:
    """An account with three numbers, one of them toll-free."""
    async with simulator(GATEWAY, SIMULATOR_NUMBERS=",".join(NUMBERS)) as url:
        yield url


@pytest.fixture
async def messaging(
    redis: Redis, redis_url: str, simulator_url: str, clock: ManualClock
) -> AsyncIterator[Messaging]:
    """The service that sends through it."""
    settings = settings_for(redis_url, simulator_url, public_url=GATEWAY)
    async with serving(settings, clock) as running:
        yield running


async def test_all_numbers_of_the_account_are_listed_on_one_page_or_on_several(
    messaging: Messaging,
) -> None:
    whole = await messaging.list_numbers()
    assert [one.phone_number for one in whole.numbers] == NUMBERS
    assert [one.type for one in whole.numbers] == ["longcode", "longcode", "toll-free"]
    assert all(one.is_messaging_enabled for one in whole.numbers)
    assert whole.next_page_token == ""

    paged: list[list[str]] = []
    token = ""
    while not paged or token:
        page = await messaging.list_numbers(2, token)
        token = page.next_page_token
        paged.append([one.phone_number for one in page.numbers])
    assert paged == [NUMBERS[:2], NUMBERS[2:]]


async def test_a_check_tells_where_callbacks_go_and_sees_it_change(
    messaging: Messaging, simulator_url: str
) -> None:
    checked = await messaging.check()
    assert checked.is_authorized
    assert [one.url for one in checked.callbacks] == [f"{GATEWAY}/api/message"] * 2
    assert all(one.url == one.expected_url for one in checked.callbacks)
    assert {one.api_version for one in checked.callbacks} == {"v2.2"}

    async with httpx.AsyncClient(base_url=f"{simulator_url}/v2.2/messages", auth=KEYS) as http:
        address = {"callback_url": "https://elsewhere.example/texts"}
        await http.put("/sms_callback", json=address)
        await http.delete("/mms_callback")
    sms, mms = (await messaging.check()).callbacks
    assert (sms.url, mms.url) == ("https://elsewhere.example/texts", "")
    assert sms.expected_url == mms.expected_url == f"{GATEWAY}/api/message"


async def test_wrong_keys_are_told(
    redis: Redis, redis_url: str, simulator_url: str, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, simulator_url, secret_key="wrong")
    async with serving(settings, clock) as messaging:
        assert await messaging.check() == pb.CheckAccountResponse()
