from dataclasses import replace
from ipaddress import ip_network
from unittest.mock import AsyncMock

import httpx
import pytest
import structlog
from starlette.types import Receive, Scope, Send

from gateway.access.callback_auth import CallerRules, basic_credentials
from gateway.access.middleware import AccessMiddleware, AccessRules

CARRIER, STRANGER, LOOPBACK = "52.88.246.140", "203.0.113.9", "127.0.0.1"
TOKEN = "t" * 32
WITH_TOKEN = AccessRules(CallerRules(callback_tokens=(TOKEN.encode(),)), refusals_per_minute=3)
CORRECT, WRONG = f"/api/message/{TOKEN}", "/api/message/" + "w" * 32
OF_ATTEMPT = "/api/receipt/attempt/" + "s" * 43


class Application:
    """Responds to everything with one status and keeps the scopes."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.status = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


class Time:
    """A clock that only the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Guarded:
    """An application behind the middleware."""

    def __init__(self, rules: AccessRules) -> None:
        self.application, self.time = Application(), Time()
        self._middleware = AccessMiddleware(self.application, rules, self.time)

    def client(self, address: str) -> httpx.AsyncClient:
        """A client with this address."""
        transport = httpx.ASGITransport(self._middleware, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://gateway")

    async def statuses(self, address: str, path: str, times: int) -> list[int]:
        """The statuses of equal requests."""
        client = self.client(address)
        return [(await client.post(path)).status_code for _ in range(times)]


async def test_the_token_is_accepted_and_not_passed_on() -> None:
    guarded = Guarded(WITH_TOKEN)
    assert (await guarded.client(CARRIER).post(CORRECT)).status_code == 200
    [scope] = guarded.application.scopes
    assert scope["path"] == "/api/message"
    assert TOKEN not in str(scope)


async def test_failures_are_limited_per_minute_and_do_not_reach_the_application() -> None:
    guarded = Guarded(WITH_TOKEN)
    assert await guarded.statuses(STRANGER, WRONG, 5) == [404, 404, 404, 429, 429]
    response = await guarded.client(STRANGER).post(WRONG)
    assert response.headers["retry-after"] == "60"
    assert response.json()["type"].endswith("too-many-refused")
    guarded.time.now += 60
    assert await guarded.statuses(STRANGER, WRONG, 4) == [404, 404, 404, 429]
    assert guarded.application.scopes == []


async def test_failures_block_neither_correct_requests_of_a_client_nor_other_clients() -> None:
    guarded = Guarded(WITH_TOKEN)
    assert (await guarded.statuses(STRANGER, WRONG, 5))[-1] == 429
    assert await guarded.statuses(STRANGER, CORRECT, 1) == [200]
    assert await guarded.statuses(CARRIER, WRONG, 1) == [404]


async def test_a_failure_is_logged_without_address_and_token_and_only_below_the_limit() -> None:
    with structlog.testing.capture_logs() as logs:
        await Guarded(WITH_TOKEN).statuses(STRANGER, WRONG, 50)
    events = [(event["event"], event["reason"]) for event in logs]
    assert events == [("caller_refused", "not-served")] * 3
    assert not [secret for secret in (STRANGER, "www", TOKEN, "/api") if secret in str(logs)]


async def test_each_client_has_its_own_rate_and_gets_the_time_to_wait() -> None:
    guarded = Guarded(AccessRules(requests_per_second=2))
    assert await guarded.statuses(STRANGER, "/api/message", 11) == [200] * 10 + [429]
    response = await guarded.client(STRANGER).post("/media/c2VuZA")
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert response.json()["type"].endswith("too-many-requests")
    assert await guarded.statuses(CARRIER, "/api/message", 10) == [200] * 10
    guarded.time.now += 1
    assert await guarded.statuses(STRANGER, "/api/message", 3) == [200, 200, 429]


PASSWORD = basic_credentials("flowroute", "correct horse battery")
BASIC = CallerRules(credentials=PASSWORD)
SECRETS: list[tuple[CallerRules, str, str, dict[str, str]]] = [
    (WITH_TOKEN.callers, WRONG, CORRECT, {}),
    (WITH_TOKEN.callers, "/api/receipt/" + "s" * 43, f"/api/receipt/{TOKEN}", {}),
    (WITH_TOKEN.callers, WRONG, OF_ATTEMPT, {}),
    (WITH_TOKEN.callers, "/media/c2VuZA", CORRECT, {}),
    (BASIC, "/api/message", "/api/message", {"Authorization": f"Basic {PASSWORD.decode()}"}),
    (BASIC, "/media/x", "/api/receipt/attempt/a", {"Authorization": f"Basic {PASSWORD.decode()}"}),
]


@pytest.mark.parametrize(("callers", "flooded", "right", "headers"), SECRETS)
async def test_a_right_secret_passes_whatever_else_comes_from_its_address(
    callers: CallerRules, flooded: str, right: str, headers: dict[str, str]
) -> None:
    guarded = Guarded(AccessRules(callers, requests_per_second=1))
    assert (await guarded.statuses(CARRIER, flooded, 50))[-1] == 429
    client = guarded.client(CARRIER)
    assert {(await client.post(right, headers=headers)).status_code for _ in range(50)} == {200}
    # And it takes nothing from the rate of the others.
    guarded.time.now += 60
    assert (await guarded.statuses(CARRIER, flooded, 1))[0] != 429


async def test_a_wrong_callback_token_of_receipts_is_a_refusal_and_not_handed_on() -> None:
    guarded = Guarded(WITH_TOKEN)
    wrong = "/api/receipt/" + "s" * 43
    assert await guarded.statuses(STRANGER, wrong, 4) == [404, 404, 404, 429]
    assert guarded.application.scopes == []


async def test_a_right_send_token_costs_nothing_and_passes_whatever_comes_from_its_address() -> (
    None
):
    guarded = Guarded(replace(WITH_TOKEN, requests_per_second=1))
    assert await guarded.statuses(CARRIER, OF_ATTEMPT, 50) == [200] * 50
    guarded.application.status = 503
    assert await guarded.statuses(CARRIER, OF_ATTEMPT, 50) == [503] * 50
    assert (await guarded.statuses(CARRIER, "/media/c2VuZA", 5)) == [503] * 5
    assert (await guarded.statuses(CARRIER, "/media/c2VuZA", 1)) == [429]
    guarded.application.status = 200
    assert await guarded.statuses(CARRIER, OF_ATTEMPT, 50) == [200] * 50


async def test_a_wrong_send_token_costs_its_address() -> None:
    guarded = Guarded(AccessRules(requests_per_second=1))
    guarded.application.status = 404
    assert await guarded.statuses(STRANGER, OF_ATTEMPT, 7) == [404] * 5 + [429] * 2
    guarded.application.status = 413
    assert await guarded.statuses(STRANGER, OF_ATTEMPT, 2) == [413] * 2
    guarded.application.status = 200
    assert await guarded.statuses(STRANGER, "/media/c2VuZA", 1) == [429]
    assert await guarded.statuses(STRANGER, OF_ATTEMPT, 2) == [200] * 2


async def test_a_wrong_token_costs_its_address() -> None:
    guarded = Guarded(replace(WITH_TOKEN, requests_per_second=1, refusals_per_minute=100))
    assert (await guarded.statuses(STRANGER, WRONG, 5)) == [404] * 5
    assert (await guarded.statuses(STRANGER, "/media/c2VuZA", 1)) == [429]


@pytest.mark.parametrize(
    ("address", "rate"), [(LOOPBACK, 1), ("::1", 1), ("::ffff:127.0.0.1", 1), (STRANGER, 0)]
)
async def test_neither_loopback_nor_a_client_without_a_rate_is_limited(
    address: str, rate: int
) -> None:
    guarded = Guarded(AccessRules(requests_per_second=rate))
    assert await guarded.statuses(address, "/api/message", 50) == [200] * 50


async def test_addresses_of_one_64_share_a_rate() -> None:
    guarded = Guarded(AccessRules(requests_per_second=1))
    spread = [await guarded.statuses(f"2001:db8::{n}", "/api/message", 1) for n in range(1, 8)]
    assert spread == [[200]] * 5 + [[429]] * 2


async def test_a_client_that_is_not_listed_is_refused_without_naming_the_list() -> None:
    guarded = Guarded(AccessRules(CallerRules(allowed_sources=(ip_network(CARRIER),))))
    response = await guarded.client(STRANGER).post("/api/message")
    assert response.status_code == 403
    assert CARRIER not in response.text
    assert guarded.application.scopes == []
    assert await guarded.statuses(CARRIER, "/api/message", 1) == [200]
    assert (await guarded.client(STRANGER).get("/media/c2VuZA")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/api/x", 403), ("/media/c", 403)]
)
async def test_a_client_that_bypasses_the_proxies_may_only_ask_for_health(
    path: str, status: int
) -> None:
    client = Guarded(AccessRules(trusted_proxies=2)).client(STRANGER)
    response = await client.get(path, headers={"X-Forwarded-For": CARRIER})
    assert response.status_code == status


async def test_lifespan_events_pass_unchanged() -> None:
    application = AsyncMock()
    scope: Scope = {"type": "lifespan"}
    await AccessMiddleware(application, WITH_TOKEN)(scope, AsyncMock(), AsyncMock())
    [call] = application.await_args_list
    assert call.args[0] == scope
