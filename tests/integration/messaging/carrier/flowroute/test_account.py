"""Reads of the carrier's account and records, and what each fault of the carrier means for them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import grpc
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from maskline.messaging.v1 import carrier_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.carrier.flowroute.account import ANSWER_LIMIT_BYTES
from messaging_service.carrier.flowroute.http import ACCOUNT_CONNECTIONS, SEND_CONNECTIONS
from messaging_service.redis import keys
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_carrier import (
    Answer,
    CarrierRequest,
    ScriptedCarrier,
    accepted,
    response,
)
from support.net.ports import free_port
from support.services.messaging_service import (
    Messaging,
    Refusal,
    refusal_of,
    serving,
    settings_for,
    text,
)

NUMBER = {"id": "12065550100", "attributes": {"number_type": "longcode"}}
CALLBACK = {"data": {"attributes": {"callback_url": "https://old.example/", "api_version": "v2.1"}}}
EXPECTED = "https://relay.example/api/message"

METHODS: list[Callable[[Messaging], Awaitable[object]]] = [
    Messaging.list_numbers,
    Messaging.check,
    lambda messaging: messaging.list_inbound(datetime(2026, 11, 23, tzinfo=UTC)),
]

TRANSIENT = [
    (response(429, headers={"Retry-After": "30"}), "CARRIER_RATE_LIMITED", 30.0),
    (response(503, headers={"Retry-After": "999999"}), "CARRIER_UNAVAILABLE", 300.0),
    (response(200, b"<html>maintenance</html>"), "CARRIER_UNAVAILABLE", 5.0),
    (b"hello\r\n\r\n", "CARRIER_UNAVAILABLE", 5.0),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "CARRIER_UNAVAILABLE", 5.0),
    (None, "CARRIER_UNAVAILABLE", 5.0),
]


async def refused(call: Awaitable[object]) -> Refusal:
    """The error of a call."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)


async def test_transient_failures_have_a_retry_delay(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.hangs_up = True
    for answer, reason, delay in TRANSIENT:
        carrier.always(answer)
        carrier.always_lists(answer)
        for call in METHODS:
            refusal = await refused(call(messaging))
            assert (refusal.info.reason, refusal.retry_seconds) == (reason, delay), answer
    carrier.always(response(200, b" " * ANSWER_LIMIT_BYTES + b'{"data":[]}'))
    for call in METHODS[:2]:
        assert (await refused(call(messaging))).info.reason == "CARRIER_UNAVAILABLE"


async def test_refused_keys_are_the_result_of_a_check_and_fail_a_list(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(401, b"<html>no</html>"))
    [check] = (await messaging.check()).checks
    assert (check.check_id, check.outcome) == (
        "carrier_credentials",
        carrier_pb2.CHECK_OUTCOME_FAILED,
    )
    assert "MESSAGING_FLOWROUTE_ACCESS_KEY" in check.finding
    # The first answer is enough.
    assert len(carrier.requests) == 1
    refusal = await refused(messaging.list_numbers())
    assert refusal.info.reason == "CARRIER_CREDENTIALS_REJECTED"


async def test_a_check_reads_each_callback_and_compares_it_with_the_expected_url(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    refusal = response(404, {"errors": [{"detail": "hunter2"}]})

    async def script(request: CarrierRequest) -> Answer:
        is_sms = request.path == "/v2.2/messages/sms_callback"
        return response(200, CALLBACK) if is_sms else refusal

    carrier.script = script
    credentials, callbacks = (await messaging.check()).checks
    assert credentials.outcome == carrier_pb2.CHECK_OUTCOME_PASSED
    assert (callbacks.check_id, callbacks.outcome) == (
        "carrier_callbacks",
        carrier_pb2.CHECK_OUTCOME_WARNED,
    )
    assert callbacks.finding == (
        "sms_callback is set to https://old.example/..., mms_callback is not set; "
        f"expected {EXPECTED} unless set per number"
    )
    assert [(request.method, request.path) for request in carrier.requests] == [
        ("GET", "/v2.2/messages/sms_callback"),
        ("GET", "/v2.2/messages/mms_callback"),
    ]
    assert {request.basic_credentials[0] for request in carrier.requests} == {"simulator"}
    refused_list = await refused(messaging.list_numbers())
    assert refused_list.info.reason == "CARRIER_REQUEST_REJECTED"
    assert "hunter2" not in str(refused_list.status)
    assert set(await redis.keys()) <= {keys.write_check().encode()}


async def test_numbers_are_requested_page_by_page_of_v2(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    malformed = {"id": "1206555010x", "attributes": {"value": "555-0100"}}
    carrier.always(response(200, {"data": [malformed, NUMBER], "links": {"next": "x"}}))
    with capture_logs() as lines:
        first = await messaging.list_numbers()
        second = await messaging.list_numbers(7, first.next_page_token)
    assert len(first.carrier_numbers) == 1
    assert first.carrier_numbers == second.carrier_numbers
    assert (first.next_page_token, second.next_page_token) == ("2", "4")
    urls = [urlsplit(request.path) for request in carrier.requests]
    assert {url.path for url in urls} == {"/v2/numbers"}
    assert [parse_qs(url.query) for url in urls] == [
        {"limit": ["200"], "offset": ["0"]},
        {"limit": ["7"], "offset": ["2"]},
    ]
    assert {"event": "account_numbers_skipped", "count": 1, "log_level": "warning"} in lines
    assert "555" not in str(lines)
    assert set(await redis.keys()) <= {keys.write_check().encode()}


async def test_a_page_of_200_numbers_is_read_however_much_the_carrier_adds_to_each(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(200, {"data": [{**NUMBER, "added": "x" * 4_000}] * 200}))
    assert len((await messaging.list_numbers()).carrier_numbers) == 200


async def test_a_carrier_that_cannot_be_reached_or_never_completes_an_answer_is_unavailable(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    async def never(_: CarrierRequest) -> Answer:
        await asyncio.Event().wait()
        return None

    settings = settings_for(redis_url, carrier.url, timeout_seconds=0.2)
    async with serving(settings, clock) as messaging:
        for call in METHODS:
            carrier.script = carrier.records_script = never
            assert (await refused(call(messaging))).info.reason == "CARRIER_UNAVAILABLE"
            carrier.always(_trickle())
            carrier.always_lists(_trickle())
            assert (await refused(call(messaging))).info.reason == "CARRIER_UNAVAILABLE"
    settings = settings_for(redis_url, f"http://127.0.0.1:{free_port()}")
    async with serving(settings, clock) as messaging:
        for call in METHODS:
            assert (await refused(call(messaging))).info.reason == "CARRIER_UNAVAILABLE"
        assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_NOT_SENT


async def test_a_redirect_is_not_followed_for_it_would_take_the_credentials_along(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(307, headers={"Location": f"{carrier.url}/elsewhere"}))
    refusal = await refused(messaging.check())
    assert (refusal.info.reason, refusal.retry_seconds) == ("CARRIER_UNAVAILABLE", 5.0)
    assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_REJECTED
    assert [request.path for request in carrier.requests] == [
        "/v2.2/messages/sms_callback",
        "/v2.2/messages",
    ]


async def test_sends_and_reads_of_the_account_have_limited_connections_of_their_own(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    go = asyncio.Event()
    lists = asyncio.gather(*(messaging.list_numbers() for _ in range(20)))
    # The largest batch, of which no more messages are in flight than there are connections.
    batch = [text(f"m{at}", to=f"+1{300 + at // 100}55501{at % 100:02}") for at in range(256)]

    async def slow(request: CarrierRequest) -> Answer:
        await go.wait()
        is_send = request.method == "POST"
        return accepted(f"mdr2-{request.send_token}") if is_send else response(200, {"data": []})

    async def every_connection_is_used() -> bool:
        methods = [request.method for request in carrier.requests]
        limits = {"GET": ACCOUNT_CONNECTIONS, "POST": SEND_CONNECTIONS}
        return {method: methods.count(method) for method in limits} == limits

    carrier.script = slow
    sends = asyncio.create_task(messaging.send(*batch))
    await eventually(every_connection_is_used)
    go.set()
    assert {result.outcome for result in await sends} == {pb.SEND_OUTCOME_SENT}
    assert len(await lists) == 20


async def _trickle() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    while True:
        yield b" "
        await asyncio.sleep(0.02)
