"""What every request passes before the application sees it."""

from collections.abc import Callable
from ipaddress import ip_network

import httpx
import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from gateway.access.callback_auth import CallerRules, basic_credentials
from gateway.access.middleware import AccessMiddleware, AccessRules

CARRIER, STRANGER, LOOPBACK = "52.88.246.140", "203.0.113.9", "127.0.0.1"
TOKEN = "t" * 32
WITH_TOKEN = AccessRules(CallerRules(callback_tokens=(TOKEN.encode(),)), refusals_per_minute=3)
RIGHT, WRONG = f"/api/message/{TOKEN}", "/api/message/" + "w" * 32


class Behind:
    """An application that answers everything and keeps where it was asked."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


class Time:
    """Seconds that only the test counts."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


Callers = Callable[[AccessRules], Callable[[str], httpx.AsyncClient]]


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def callers(behind: Behind, time: Time) -> Callers:
    """For some rules: who calls from an address."""

    def behind_gate(rules: AccessRules) -> Callable[[str], httpx.AsyncClient]:
        gate = AccessMiddleware(behind, rules, time)

        def client(address: str) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(gate, client=(address, 4711))
            return httpx.AsyncClient(transport=transport, base_url="http://gateway")

        return client

    return behind_gate


async def statuses(client: httpx.AsyncClient, path: str, times: int) -> list[int]:
    return [(await client.post(path)).status_code for _ in range(times)]


async def test_a_token_opens_the_address_and_goes_no_further(
    callers: Callers, behind: Behind
) -> None:
    assert (await callers(WITH_TOKEN)(CARRIER).post(RIGHT)).status_code == 200
    [scope] = behind.scopes
    assert scope["path"] == "/api/message"
    assert TOKEN not in str(scope)


async def test_a_wrong_token_never_reaches_the_application(
    callers: Callers, behind: Behind
) -> None:
    assert (await callers(WITH_TOKEN)(STRANGER).post(WRONG)).status_code == 404
    assert behind.scopes == []


async def test_guesses_are_answered_a_few_times_a_minute(callers: Callers, time: Time) -> None:
    caller = callers(WITH_TOKEN)(STRANGER)
    assert await statuses(caller, WRONG, 5) == [404, 404, 404, 429, 429]
    told = await caller.post(WRONG)
    assert told.headers["retry-after"] == "60"
    assert told.json()["type"].endswith("too-many-refused")
    time.now += 60
    assert await statuses(caller, WRONG, 4) == [404, 404, 404, 429]


async def test_nobody_locks_another_caller_of_the_same_address_out(callers: Callers) -> None:
    caller = callers(WITH_TOKEN)(CARRIER)
    assert (await statuses(caller, WRONG, 5))[-1] == 429
    assert (await caller.post(RIGHT)).status_code == 200


async def test_guesses_of_one_source_are_not_held_against_another(callers: Callers) -> None:
    caller = callers(WITH_TOKEN)
    await statuses(caller(STRANGER), WRONG, 5)
    assert (await caller(CARRIER).post(WRONG)).status_code == 404


async def test_a_refusal_is_logged_without_address_and_token_and_a_flood_is_not_logged(
    callers: Callers,
) -> None:
    with structlog.testing.capture_logs() as logs:
        await statuses(callers(WITH_TOKEN)(STRANGER), WRONG, 50)
    assert [(event["event"], event["reason"]) for event in logs] == [
        ("caller_refused", "not-served")
    ] * 3
    assert not [one for one in (STRANGER, "www", TOKEN, "/api") if one in str(logs)]


async def test_each_source_has_its_own_rate(callers: Callers, time: Time) -> None:
    caller = callers(AccessRules(requests_per_second=2))
    assert await statuses(caller(STRANGER), "/api/message", 11) == [200] * 10 + [429]
    assert await statuses(caller(STRANGER), "/media/c2VuZA", 1) == [429]
    assert await statuses(caller(CARRIER), "/api/message", 10) == [200] * 10
    time.now += 1
    assert await statuses(caller(STRANGER), "/api/message", 3) == [200, 200, 429]


async def test_who_comes_too_often_is_told_when_to_come_again(callers: Callers) -> None:
    caller = callers(AccessRules(requests_per_second=1))(STRANGER)
    await statuses(caller, "/api/message", 5)
    told = await caller.post("/api/message")
    assert (told.status_code, told.headers["retry-after"]) == (429, "1")
    assert told.json()["type"].endswith("too-many-requests")


@pytest.mark.parametrize(
    ("address", "rate"), [(LOOPBACK, 1), ("::1", 1), ("::ffff:127.0.0.1", 1), (STRANGER, 0)]
)
async def test_loopback_is_not_limited_and_nobody_is_without_a_rate(
    callers: Callers, address: str, rate: int
) -> None:
    caller = callers(AccessRules(requests_per_second=rate))(address)
    assert await statuses(caller, "/api/message", 50) == [200] * 50


async def test_addresses_of_one_64_are_one_source(callers: Callers) -> None:
    caller = callers(AccessRules(requests_per_second=1))
    spread = [await statuses(caller(f"2001:db8::{n}"), "/api/message", 1) for n in range(1, 8)]
    assert spread == [[200]] * 5 + [[429]] * 2


async def test_a_source_that_is_not_listed_is_refused_without_the_list(
    callers: Callers, behind: Behind
) -> None:
    listed = AccessRules(CallerRules(allowed_sources=(ip_network(CARRIER),)))
    told = await callers(listed)(STRANGER).post("/api/message")
    assert told.status_code == 403
    assert CARRIER not in told.text
    assert behind.scopes == []
    assert (await callers(listed)(CARRIER).post("/api/message")).status_code == 200
    assert (await callers(listed)(STRANGER).get("/media/c2VuZA")).status_code == 200


async def test_behind_a_proxy_the_header_tells_the_source_and_in_front_it_does_not(
    callers: Callers,
) -> None:
    listed = CallerRules(allowed_sources=(ip_network(CARRIER),))
    forwarded = {"X-Forwarded-For": CARRIER}
    behind_one = callers(AccessRules(listed, trusted_proxies=1))(STRANGER)
    in_front = callers(AccessRules(listed))(STRANGER)
    assert (await behind_one.post("/api/message", headers=forwarded)).status_code == 200
    assert (await in_front.post("/api/message", headers=forwarded)).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/api/x", 403), ("/media/c", 403)]
)
async def test_who_comes_past_the_proxies_may_only_ask_for_health(
    callers: Callers, path: str, status: int
) -> None:
    caller = callers(AccessRules(trusted_proxies=2))(STRANGER)
    told = await caller.get(path, headers={"X-Forwarded-For": CARRIER})
    assert told.status_code == status


async def test_basic_authentication_asks_for_what_is_missing(callers: Callers) -> None:
    user, password = "flowroute", "correct horse battery"
    rules = AccessRules(CallerRules(credentials=basic_credentials(user, password)))
    caller = callers(rules)(CARRIER)
    told = await caller.post("/api/message")
    assert told.status_code == 401
    assert told.headers["www-authenticate"].startswith("Basic ")
    assert (await caller.post("/api/message", auth=(user, password))).status_code == 200
    assert (await caller.post("/api/message", auth=(user, "wrong"))).status_code == 401


async def test_the_life_of_the_application_passes_untouched() -> None:
    seen: list[Scope] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(_: Message) -> None:
        """Nobody listens."""

    await AccessMiddleware(application, WITH_TOKEN)({"type": "lifespan"}, receive, send)
    assert seen == [{"type": "lifespan"}]
