"""Health is red while Redis refuses writes or the messaging service refuses the credentials."""

import pytest
from redis.asyncio import Redis

from conversation_service.messaging import access
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_messaging import ScriptedMessaging
from support.net.grpc_calls import is_serving
from support.services.conversation_service import RunningService, running


async def becomes(service: RunningService, *, serving: bool) -> None:
    async def has_become() -> bool:
        return await is_serving(service.channel, "") is serving

    await eventually(has_become)


async def test_health_says_when_redis_is_full(service: RunningService) -> None:
    await becomes(service, serving=True)
    try:
        await service.redis.config_set("maxmemory", "1mb")
        assert await service.redis.ping()
        await becomes(service, serving=False)
    finally:
        await service.redis.config_set("maxmemory", 0)
    await becomes(service, serving=True)


async def test_health_says_when_the_messaging_service_refuses_the_credentials(
    redis: Redis, redis_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "INTERVAL_SECONDS", 0.05)
    messaging = ScriptedMessaging()
    async with running(redis_url, clock, messaging=messaging) as service:
        await becomes(service, serving=True)
        messaging.refuses_access = True
        await becomes(service, serving=False)
        messaging.refuses_access = False
        await becomes(service, serving=True)
