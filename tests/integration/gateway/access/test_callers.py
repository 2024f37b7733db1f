from ipaddress import ip_network

import pytest

from gateway.access.callback_auth import CallerRules
from gateway.access.middleware import AccessRules
from gateway.app import response_headers
from support.fakes.carrier_callbacks import receipt, sms
from support.net.raw_http import raw_connection
from support.services.running_gateway import RunningGateway, ScriptedConversations, gateway_over

NEW, OLD = "n" * 32, "o" * 32
TOKENS = CallerRules(callback_tokens=(NEW.encode(), OLD.encode()))
HEADERS = response_headers(is_https=False)


@pytest.mark.parametrize("token", [NEW, OLD])
async def test_callbacks_need_one_of_the_tokens_or_a_send_token(
    scripted: ScriptedConversations, token: str
) -> None:
    paths = {
        f"/api/message/{token}": 200,
        f"/api/receipt/{token}": 200,
        "/api/receipt/attempt/c2VuZC10b2tlbg": 200,
        "/api/message": 404,
        "/api/receipt": 404,
        "/api/receipt/c2VuZC10b2tlbg": 404,
        f"/api/message/{'w' * 32}": 404,
    }
    async with gateway_over(scripted, rules=AccessRules(TOKENS)) as gateway:
        for path, status in paths.items():
            body = receipt() if "receipt" in path else sms()
            assert (await gateway.http.post(path, json=body)).status_code == status
    assert [message.body for message in scripted.messages] == ["hello"]
    assert [item.send_token for item in scripted.receipts] == ["", "c2VuZC10b2tlbg"]


async def test_behind_a_proxy_the_client_is_the_address_that_the_proxy_adds(
    scripted: ScriptedConversations,
) -> None:
    rules = AccessRules(CallerRules(allowed_sources=(ip_network("52.88.246.140"),)), 1)
    async with gateway_over(scripted, rules=rules) as gateway:
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


async def test_every_response_has_the_security_headers(gateway: RunningGateway) -> None:
    for method, path in (
        *(("GET", "/healthz"), ("GET", "/nowhere"), ("GET", "/api/message")),
        ("POST", "/api/message"),
    ):
        response = await gateway.http.request(method, path)
        assert {name: response.headers[name] for name, _ in HEADERS} == dict(HEADERS)
        assert "server" not in response.headers
    async with raw_connection(gateway.port) as connection:
        await connection.write(b"nonsense\r\n\r\n")
        malformed = (await connection.rest()).decode()
    assert malformed.startswith("HTTP/1.1 400 ")
    assert not [name for name, value in HEADERS if f"{name}: {value}\r\n" not in malformed]
    assert "server:" not in malformed
