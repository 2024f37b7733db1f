"""Reads of the carrier account, and what each fault of the carrier means for them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import grpc
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.carrier.flowroute.account import ANSWER_LIMIT_BYTES
from messaging_service.carrier.flowroute.http import ACCOUNT_CONNECTIONS, SEND_CONNECTIONS
from support.clock import ManualClock
from support.eventually import eventually
from support.messaging_service import (
    Messaging,
    Refusal,
    refusal_of,
    serving,
    settings_for,
    text,
)
from support.ports import free_port
from support.scripted_carrier import (
    Answer,
    CarrierRequest,
    ScriptedCarrier,
    accepted,
    response,
)

NUMBER = {"id": "12065550100", "attributes": {"number_type": "longcode"}}
CALLBACK = {"data": {"attributes": {"callback_url": "https://old.example/", "api_version": "v2.1"}}}
EXPECTED = "https://relay.example/api/message"

BOTH: list[Callable[[Messaging], Awaitable[object]]] = [Messaging.list_numbers, Messaging.check]

PASSING = [
    (response(429, headers={"Retry-After": "30"}), "CARRIER_RATE_LIMITED", 30.0),
    (response(503, headers={"Retry-After": "999999"}), "CARRIER_UNAVAILABLE", 300.0),
    (response(200, b"<html>maintenance</html>"), "CARRIER_UNAVAILABLE", 5.0),
    (response(200, b" " * ANSWER_LIMIT_BYTES + b'{"data":[]}'), "CARRIER_UNAVAILABLE", 5.0),
    (response(302, headers={"Location": "http://127.0.0.1:1/"}), "CARRIER_UNAVAILABLE", 5.0),
    (b"hello\r\n\r\n", "CARRIER_UNAVAILABLE", 5.0),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "CARRIER_UNAVAILABLE", 5.0),
    (None, "CARRIER_UNAVAILABLE", 5.0),
]


async def refused(call: Awaitable[object]) -> Refusal:
    """How a call was refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)


@pytest.mark.parametrize("call", BOTH, ids=lambda call: call.__name__)
@pytest.mark.parametrize(("answer", "reason", "delay"), PASSING)
async def test_transient_failures_have_a_retry_delay(
    messaging: Messaging,
    carrier: ScriptedCarrier,
    call: Callable[[Messaging], Awaitable[object]],
    answer: bytes | None,
    reason: str,
    delay: float,
) -> None:
    carrier.always(answer)
    carrier.hangs_up = True
    refusal = await refused(call(messaging))
    assert (refusal.info.reason, refusal.retry_seconds) == (reason, delay)


@pytest.mark.parametrize("status", [401, 403])
async def test_keys_that_are_not_taken_are_the_answer_of_a_check_and_refuse_a_list(
    messaging: Messaging, carrier: ScriptedCarrier, status: int
) -> None:
    carrier.always(response(status, b"<html>no</html>"))
    assert await messaging.check() == pb.CheckAccountResponse(is_authorized=False)
    # The first answer is enough.
    assert len(carrier.requests) == 1
    refusal = await refused(messaging.list_numbers())
    assert refusal.info.reason == "CARRIER_ACCOUNT_REFUSED"


@pytest.mark.parametrize("status", [400, 404])
async def test_a_refused_read_has_no_url_and_no_numbers(
    messaging: Messaging, carrier: ScriptedCarrier, status: int
) -> None:
    carrier.always(response(status, {"errors": [{"detail": "hunter2"}]}))
    checked = await messaging.check()
    assert checked.is_authorized
    assert [(one.callback_type, one.url) for one in checked.callbacks] == [
        ("sms_callback", ""),
        ("mms_callback", ""),
    ]
    assert {one.expected_url for one in checked.callbacks} == {EXPECTED}
    refusal = await refused(messaging.list_numbers())
    assert refusal.info.reason == "CARRIER_REFUSED"
    assert "hunter2" not in str(refusal.status)


async def test_a_check_reads_each_callback_and_returns_the_expected_url(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    async def script(request: CarrierRequest) -> Answer:
        is_sms = request.path == "/v2.2/messages/sms_callback"
        return response(200, CALLBACK) if is_sms else response(404)

    carrier.script = script
    checked = await messaging.check()
    assert checked == pb.CheckAccountResponse(
        is_authorized=True,
        callbacks=[
            pb.CallbackSetting(
                callback_type="sms_callback",
                url="https://old.example/",
                expected_url=EXPECTED,
                api_version="v2.1",
            ),
            pb.CallbackSetting(callback_type="mms_callback", expected_url=EXPECTED),
        ],
    )
    asked = [(request.method, request.path) for request in carrier.requests]
    assert asked == [
        ("GET", "/v2.2/messages/sms_callback"),
        ("GET", "/v2.2/messages/mms_callback"),
    ]
    assert {request.basic_credentials[0] for request in carrier.requests} == {"simulator"}


async def test_numbers_are_asked_for_page_by_page_of_v2(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(200, {"data": [NUMBER], "links": {"next": "x"}}))
    first = await messaging.list_numbers()
    second = await messaging.list_numbers(7, first.next_page_token)
    assert first.numbers == second.numbers
    assert (first.next_page_token, second.next_page_token) == ("1", "2")
    asked = [urlsplit(request.path) for request in carrier.requests]
    assert {url.path for url in asked} == {"/v2/numbers"}
    assert [parse_qs(url.query) for url in asked] == [
        {"limit": ["200"], "offset": ["0"]},
        {"limit": ["7"], "offset": ["1"]},
    ]


async def test_a_page_of_200_numbers_is_read_however_much_the_carrier_adds_to_each(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(200, {"data": [{**NUMBER, "added": "x" * 4_000}] * 200}))
    assert len((await messaging.list_numbers()).numbers) == 200


async def test_entries_that_are_no_numbers_are_logged_by_their_count_alone(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    odd = {"id": "1206555010x", "attributes": {"value": "555-0100"}}
    carrier.always(response(200, {"data": [odd, NUMBER]}))
    with capture_logs() as lines:
        assert len((await messaging.list_numbers()).numbers) == 1
    assert {"event": "account_numbers_skipped", "count": 1, "log_level": "warning"} in lines
    assert "555" not in str(lines)


async def test_an_invalid_page_is_refused_and_the_carrier_is_not_called(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    refusal = await refused(messaging.list_numbers(-1, "next"))
    assert refusal.info.reason == "INVALID_ARGUMENT"
    assert refusal.violations == ["page_size", "page_token"]
    assert carrier.requests == []


@pytest.mark.parametrize("call", BOTH, ids=lambda call: call.__name__)
async def test_a_carrier_that_never_answers_or_never_ends_is_given_up(
    redis: Redis,
    redis_url: str,
    carrier: ScriptedCarrier,
    clock: ManualClock,
    call: Callable[[Messaging], Awaitable[object]],
) -> None:
    async def never(_: CarrierRequest) -> Answer:
        await asyncio.Event().wait()
        return None

    settings = settings_for(redis_url, carrier.url, timeout_seconds=0.2)
    async with serving(settings, clock) as messaging:
        carrier.script = never
        assert (await refused(call(messaging))).info.reason == "CARRIER_UNAVAILABLE"
        carrier.always(_trickle())
        assert (await refused(call(messaging))).info.reason == "CARRIER_UNAVAILABLE"


async def test_a_carrier_that_cannot_be_reached_is_unavailable(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, f"http://127.0.0.1:{free_port()}")
    async with serving(settings, clock) as messaging:
        for call in BOTH:
            assert (await refused(call(messaging))).info.reason == "CARRIER_UNAVAILABLE"


async def test_a_redirect_is_not_followed_for_it_would_take_the_credentials_along(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(307, headers={"Location": f"{carrier.url}/elsewhere"}))
    await refused(messaging.check())
    assert [request.path for request in carrier.requests] == ["/v2.2/messages/sms_callback"]


async def test_reads_of_the_account_have_connections_of_their_own(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    go = asyncio.Event()
    looks = asyncio.gather(*(messaging.list_numbers() for _ in range(20)))
    texts = [text(f"m{at}", to=f"+1206555{100 + at:04}") for at in range(SEND_CONNECTIONS)]

    async def slow(request: CarrierRequest) -> Answer:
        await go.wait()
        is_send = request.method == "POST"
        return accepted("mdr2-1") if is_send else response(200, {"data": []})

    async def every_place_is_taken() -> bool:
        methods = [request.method for request in carrier.requests]
        wanted = {"GET": ACCOUNT_CONNECTIONS, "POST": SEND_CONNECTIONS}
        return {method: methods.count(method) for method in wanted} == wanted

    carrier.script = slow
    sends = asyncio.create_task(messaging.send(*texts))
    await eventually(every_place_is_taken)
    go.set()
    assert {result.outcome for result in await sends} == {pb.SEND_OUTCOME_ACCEPTED}
    assert len(await looks) == 20


async def test_reads_of_the_account_store_nothing(
    redis: Redis, messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(200, {"data": [NUMBER]}))
    await messaging.list_numbers()
    carrier.always(response(200, CALLBACK))
    await messaging.check()
    assert await redis.keys() == []


async def _trickle() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    while True:
        yield b" "
        await asyncio.sleep(0.02)
