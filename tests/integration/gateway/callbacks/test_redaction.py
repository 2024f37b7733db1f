"""Neither responses nor logs hold a part of a request, or of an error of the service."""

import json
import logging

import grpc
import pytest
import structlog

from support.fakes.carrier_callbacks import flat_message, receipt, sms
from support.net.raw_http import raw_connection
from support.services.running_gateway import RunningGateway, ScriptedConversations

SECRETS = ("555", "between us", "c2VuZC10b2tlbg", "secret", "Traceback")


def holds_no_secret(*texts: object) -> bool:
    return not [secret for secret in SECRETS for text in texts if secret in str(text)]


MALFORMED = [
    b"",
    b"+14255550111 between us",
    b'{"body": "between us',
    b'["+14255550111", "between us"]',
    json.dumps(sms(**{"from": "+1 425 555 0111 x", "body": "between us"})).encode(),
    json.dumps(flat_message(id=14255550111, body="between us")).encode(),
    json.dumps(sms(direction="outbound", body="between us")).encode(),
    json.dumps(receipt(status_code="+14255550111", body="between us")).encode(),
    b'{"id": "' + b"+14255550111" * 20_000 + b'"}',
    b"[" * 60_000,
]


@pytest.mark.parametrize("address", ["/api/message", "/api/receipt/attempt/c2VuZC10b2tlbg"])
async def test_a_refused_callback_is_logged_once_without_its_content(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    for body in MALFORMED:
        with structlog.testing.capture_logs() as logs:
            response = await gateway.http.post(address, content=body)
        assert response.status_code in (400, 413)
        assert holds_no_secret(response.text, response.headers, logs, caplog.text)
        [event] = logs
        assert (event["event"], event["status"]) == ("callback_refused", response.status_code)
        assert event["reason"] in ("invalid-argument", "body-too-large")


async def test_a_failed_call_is_logged_by_its_code_only(
    gateway: RunningGateway, scripted: ScriptedConversations, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.fails_with = grpc.StatusCode.INTERNAL
    with structlog.testing.capture_logs() as logs:
        response = await gateway.http.post("/api/message", json=sms(body="between us"))
    assert response.status_code == 503
    assert holds_no_secret(response.text, logs, caplog.text)
    assert [event["event"] for event in logs] == ["call_failed", "callback_refused"]
    assert logs[0]["code"] == "INTERNAL"


@pytest.mark.parametrize(
    "target",
    [
        *(b"/api/receipt/attempt/%FF%FE+14255550111", b"/api/receipt/attempt/\xff\xfe+14255550111"),
        *(b"/api/receipt/attempt/c2VuZC10b2tlbg%2F..%00", b"/api/+14255550111?between us"),
        *(b"/" + b"+14255550111" * 10_000, b"+14255550111"),
    ],
)
async def test_a_malformed_address_is_refused_without_repeating_it(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture, target: bytes
) -> None:
    body = json.dumps(receipt(body="between us")).encode()
    caplog.set_level(logging.WARNING)
    with structlog.testing.capture_logs() as logs:
        async with raw_connection(gateway.port) as connection:
            await connection.write(b"POST " + target + b" HTTP/1.1\r\nHost: g\r\n")
            await connection.write(b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
            await connection.write(body)
            response = await connection.rest()
    assert response.split()[1].startswith(b"4")
    assert holds_no_secret(response.decode(), logs, caplog.text)


async def test_a_client_that_disconnects_leaves_no_content_in_the_logs(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with raw_connection(gateway.port) as connection:
            await connection.write_head(
                "/api/receipt/attempt/c2VuZC10b2tlbg", "Content-Length: 100"
            )
            await connection.write(b'{"body": "between us')
        # This response comes after the server has noticed the end.
        assert (await gateway.http.get("/healthz")).status_code == 200
    assert holds_no_secret(logs, caplog.text)
