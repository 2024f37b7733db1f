"""A media relay and the store that it fetches from."""

from collections.abc import AsyncIterator

import pytest
from integration.messaging.media.shelf import Shelf, settings_for
from redis.asyncio import Redis

from messaging_service.media.relay import MediaRelay
from support.scripted_carrier import ScriptedCarrier


@pytest.fixture
def shelf(carrier: ScriptedCarrier) -> Shelf:
    return Shelf(carrier)


@pytest.fixture
async def room(redis: Redis, carrier: ScriptedCarrier) -> AsyncIterator[MediaRelay]:
    async with MediaRelay(redis, settings_for(carrier.url)) as relay:
        yield relay
