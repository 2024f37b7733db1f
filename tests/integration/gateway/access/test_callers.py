"""Access rules over real HTTP."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import ip_network

import pytest

from gateway.access.callback_auth import CallerRules
from gateway.access.middleware import AccessRules
from gateway.app import response_headers
from runtime.http.server import HttpOptions
from support.carrier_callbacks import receipt, sms
from support.raw_http import raw_connection
from support.running_gateway import (
    RunningGateway,
    ScriptedConversations,
    running_gateway,
    serving_conversations,
)

NEW, OLD = "n" * 32, "o" * 32
TOKENS = CallerRules(callback_tokens=(NEW.encode(), OLD.encode()))
OPTIONS = HttpOptions(headers=response_headers(is_https=False))

Running = Callable[[AccessRules], AbstractAsyncContextManager[RunningGateway]]


@pytest.fixture
def scripted() -> ScriptedConversations:
    return ScriptedConversations()


@pytest.fixture
def running(scripted: ScriptedConversations) -> Running:
    @asynccontextmanager
    async def run(rules: AccessRules) -> AsyncIterator[RunningGateway]:
        async with (
            serving_conversations(scripted) as server,
            running_gateway(f"127.0.0.1:{server.port}", rules=rules, options=OPTIONS) as gateway,
        ):
            yield gateway

    return run


@pytest.mark.parametrize("token", [NEW, OLD])
async def test_callbacks_are_accepted_with_either_token(
    running: Running, scripted: ScriptedConversations, token: str
) -> None:
    async with running(AccessRules(TOKENS)) as gateway:
        text = await gateway.http.post(f"/api/message/{token}", json=sms())
        account_receipt = await gateway.http.post(f"/api/receipt/{token}", json=receipt())
    assert (text.status_code, account_receipt.status_code) == (200, 200)
    assert [message.body for message in scripted.messages] == ["hello"]
    assert [item.send_token for item in scripted.receipts] == [""]


async def test_a_receipt_of_an_attempt_needs_only_its_send_token(
    running: Running, scripted: ScriptedConversations
) -> None:
    async with running(AccessRules(TOKENS)) as gateway:
        response = await gateway.http.post("/api/receipt/c2VuZC10b2tlbg", json=receipt())
    assert response.status_code == 200
    assert [item.send_token for item in scripted.receipts] == ["c2VuZC10b2tlbg"]


@pytest.mark.parametrize("path", ["/api/message", f"/api/message/{'w' * 32}", "/api/receipt"])
async def test_callbacks_without_a_token_are_not_passed_on(
    running: Running, scripted: ScriptedConversations, path: str
) -> None:
    async with running(AccessRules(TOKENS)) as gateway:
        assert (await gateway.http.post(path, json=sms())).status_code == 404
    assert scripted.message_batches == scripted.receipt_batches == []


async def test_behind_a_proxy_the_client_is_the_address_that_the_proxy_adds(
    running: Running, scripted: ScriptedConversations
) -> None:
    rules = AccessRules(CallerRules(allowed_sources=(ip_network("52.88.246.140"),)), 1)
    async with running(rules) as gateway:
        for forwarded, status in [
            ({}, 403),
            ({"X-Forwarded-For": "52.88.246.140"}, 200),
            ({"X-Forwarded-For": "203.0.113.9, 52.88.246.140"}, 200),
            ({"X-Forwarded-For": "52.88.246.140, 203.0.113.9"}, 403),
        ]:
            response = await gateway.http.post("/api/message", json=sms(), headers=forwarded)
            assert response.status_code == status
        assert (await gateway.http.get("/readyz")).status_code == 200
    assert len(scripted.messages) == 2


async def test_a_flood_from_one_client_does_not_affect_others(running: Running) -> None:
    async with running(AccessRules(trusted_proxies=1, requests_per_second=1)) as gateway:
        flood = {"X-Forwarded-For": "203.0.113.9"}
        response = [await gateway.http.get("/nowhere", headers=flood) for _ in range(20)]
        other = {"X-Forwarded-For": "52.88.246.140"}
        assert (await gateway.http.get("/healthz", headers=other)).status_code == 200
    assert response[-1].status_code == 429


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/healthz"), ("GET", "/nowhere"), ("GET", "/api/message"), ("POST", "/api/message")],
)
async def test_every_response_has_the_security_headers(
    running: Running, method: str, path: str
) -> None:
    async with running(AccessRules()) as gateway:
        response = await gateway.http.request(method, path)
    for name, value in OPTIONS.headers:
        assert response.headers[name] == value
    assert "server" not in response.headers


async def test_a_response_to_a_malformed_request_has_the_security_headers(running: Running) -> None:
    async with running(AccessRules()) as gateway, raw_connection(gateway.port) as connection:
        await connection.write(b"nonsense\r\n\r\n")
        response = (await connection.rest()).decode()
    assert response.startswith("HTTP/1.1 400 ")
    for name, value in OPTIONS.headers:
        assert f"{name}: {value}\r\n" in response
    assert "server:" not in response
