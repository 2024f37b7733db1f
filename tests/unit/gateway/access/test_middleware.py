"""The access middleware in front of an application."""

from collections.abc import Callable
from ipaddress import ip_network

import httpx
import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from gateway.access.callback_auth import CallerRules
from gateway.access.middleware import AccessMiddleware, AccessRules

CARRIER, STRANGER, LOOPBACK = "52.88.246.140", "203.0.113.9", "127.0.0.1"
TOKEN = "t" * 32
WITH_TOKEN = AccessRules(CallerRules(callback_tokens=(TOKEN.encode(),)), refusals_per_minute=3)
CORRECT, WRONG = f"/api/message/{TOKEN}", "/api/message/" + "w" * 32


class Application:
    """Responds to everything with 200 and keeps the scopes."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


class Time:
    """A clock that only the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


Callers = Callable[[AccessRules], Callable[[str], httpx.AsyncClient]]


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def callers(application: Application, time: Time) -> Callers:
    """Makes clients by address, for given rules."""

    def with_rules(rules: AccessRules) -> Callable[[str], httpx.AsyncClient]:
        middleware = AccessMiddleware(application, rules, time)

        def client(address: str) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(middleware, client=(address, 4711))
            return httpx.AsyncClient(transport=transport, base_url="http://gateway")

        return client

    return with_rules


async def statuses(client: httpx.AsyncClient, path: str, times: int) -> list[int]:
    return [(await client.post(path)).status_code for _ in range(times)]


async def test_the_token_is_accepted_and_not_passed_on(
    callers: Callers, application: Application
) -> None:
    assert (await callers(WITH_TOKEN)(CARRIER).post(CORRECT)).status_code == 200
    [scope] = application.scopes
    assert scope["path"] == "/api/message"
    assert TOKEN not in str(scope)


async def test_a_request_with_a_wrong_token_does_not_reach_the_application(
    callers: Callers, application: Application
) -> None:
    assert (await callers(WITH_TOKEN)(STRANGER).post(WRONG)).status_code == 404
    assert application.scopes == []


async def test_failures_are_limited_per_minute(callers: Callers, time: Time) -> None:
    caller = callers(WITH_TOKEN)(STRANGER)
    assert await statuses(caller, WRONG, 5) == [404, 404, 404, 429, 429]
    response = await caller.post(WRONG)
    assert response.headers["retry-after"] == "60"
    assert response.json()["type"].endswith("too-many-refused")
    time.now += 60
    assert await statuses(caller, WRONG, 4) == [404, 404, 404, 429]


async def test_failures_do_not_block_correct_requests_of_the_same_address(callers: Callers) -> None:
    caller = callers(WITH_TOKEN)(CARRIER)
    assert (await statuses(caller, WRONG, 5))[-1] == 429
    assert (await caller.post(CORRECT)).status_code == 200


async def test_failures_of_one_client_do_not_count_for_another(callers: Callers) -> None:
    caller = callers(WITH_TOKEN)
    await statuses(caller(STRANGER), WRONG, 5)
    assert (await caller(CARRIER).post(WRONG)).status_code == 404


async def test_a_failure_is_logged_without_address_and_token_and_only_below_the_limit(
    callers: Callers,
) -> None:
    with structlog.testing.capture_logs() as logs:
        await statuses(callers(WITH_TOKEN)(STRANGER), WRONG, 50)
    assert [(event["event"], event["reason"]) for event in logs] == [
        ("caller_refused", "not-served")
    ] * 3
    assert not [secret for secret in (STRANGER, "www", TOKEN, "/api") if secret in str(logs)]


async def test_each_client_has_its_own_rate(callers: Callers, time: Time) -> None:
    caller = callers(AccessRules(requests_per_second=2))
    assert await statuses(caller(STRANGER), "/api/message", 11) == [200] * 10 + [429]
    assert await statuses(caller(STRANGER), "/media/c2VuZA", 1) == [429]
    assert await statuses(caller(CARRIER), "/api/message", 10) == [200] * 10
    time.now += 1
    assert await statuses(caller(STRANGER), "/api/message", 3) == [200, 200, 429]


async def test_a_client_over_its_rate_gets_the_time_to_wait(callers: Callers) -> None:
    caller = callers(AccessRules(requests_per_second=1))(STRANGER)
    await statuses(caller, "/api/message", 5)
    response = await caller.post("/api/message")
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert response.json()["type"].endswith("too-many-requests")


@pytest.mark.parametrize(
    ("address", "rate"), [(LOOPBACK, 1), ("::1", 1), ("::ffff:127.0.0.1", 1), (STRANGER, 0)]
)
async def test_neither_loopback_nor_a_client_without_a_rate_is_limited(
    callers: Callers, address: str, rate: int
) -> None:
    caller = callers(AccessRules(requests_per_second=rate))(address)
    assert await statuses(caller, "/api/message", 50) == [200] * 50


async def test_addresses_of_one_64_share_a_rate(callers: Callers) -> None:
    caller = callers(AccessRules(requests_per_second=1))
    spread = [await statuses(caller(f"2001:db8::{n}"), "/api/message", 1) for n in range(1, 8)]
    assert spread == [[200]] * 5 + [[429]] * 2


async def test_a_client_that_is_not_listed_is_refused_without_naming_the_list(
    callers: Callers, application: Application
) -> None:
    listed = AccessRules(CallerRules(allowed_sources=(ip_network(CARRIER),)))
    response = await callers(listed)(STRANGER).post("/api/message")
    assert response.status_code == 403
    assert CARRIER not in response.text
    assert application.scopes == []
    assert (await callers(listed)(CARRIER).post("/api/message")).status_code == 200
    assert (await callers(listed)(STRANGER).get("/media/c2VuZA")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/api/x", 403), ("/media/c", 403)]
)
async def test_a_client_that_bypasses_the_proxies_may_only_ask_for_health(
    callers: Callers, path: str, status: int
) -> None:
    caller = callers(AccessRules(trusted_proxies=2))(STRANGER)
    response = await caller.get(path, headers={"X-Forwarded-For": CARRIER})
    assert response.status_code == status


async def test_lifespan_events_pass_unchanged() -> None:
    seen: list[Scope] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(_: Message) -> None:
        """Not called."""

    await AccessMiddleware(application, WITH_TOKEN)({"type": "lifespan"}, receive, send)
    assert seen == [{"type": "lifespan"}]
