"""The OpenAPI document and the served responses agree."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from contract.gateway.application import FakeClient, app_over, http_client
from fastapi.openapi.models import OpenAPI
from starlette.routing import Route

from gateway.access.callback_auth import CallerRules
from gateway.access.middleware import AccessRules
from gateway.callbacks.delivery_receipt import parse_receipt
from gateway.callbacks.endpoints import BodyLimits
from gateway.callbacks.inbound_message import parse_message
from gateway.problems import MaskedNumberNotFound, MediaNotFound, ServiceUnavailable
from support.fakes.carrier_callbacks import flat_message, receipt

NO_TIME = BodyLimits(max_bytes=4096, seconds=0.01)


# Operations of the document by path and method; their parts are JSON.
Paths = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def paths() -> Paths:
    documented: Paths = json.loads(json.dumps(app_over(FakeClient()).openapi()["paths"]))
    return documented


async def test_the_document_is_valid_openapi_and_served() -> None:
    app = app_over(FakeClient())
    document = json.dumps(app.openapi())
    OpenAPI.model_validate_json(document)
    assert "Problem" in document
    async with http_client(app) as client:
        assert (await client.get("/openapi.json")).json() == json.loads(document)


def test_the_documented_operations_are_the_served_ones(paths: Paths) -> None:
    documented = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    served = {
        (route.path, method)
        for route in app_over(FakeClient()).routes
        if isinstance(route, Route) and not route.path.startswith(("/openapi.json", "/docs"))
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert documented == served
    ids = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("path", "parse"),
    [
        ("/api/message", parse_message),
        ("/api/receipt", parse_receipt),
        ("/api/receipt/attempt/{send_token}", parse_receipt),
    ],
)
def test_every_example_can_be_parsed(
    paths: Paths, path: str, parse: Callable[[bytes], object]
) -> None:
    for media_type in paths[path]["post"]["requestBody"]["content"].values():
        assert len(media_type["examples"]) >= 2
        for example in media_type["examples"].values():
            assert parse(json.dumps(example["value"]).encode())


async def endless_body() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


Post = Callable[[str, bytes], Awaitable[httpx.Response]]


def post_over(backend: FakeClient) -> Post:
    async def post(path: str, body: bytes) -> httpx.Response:
        async with http_client(app_over(backend)) as client:
            return await client.post(path, content=body)

    return post


def post_body(body: bytes) -> Post:
    async def post(path: str, _: bytes) -> httpx.Response:
        return await post_over(FakeClient())(path, body)

    return post


async def post_endless_body(path: str, _: bytes) -> httpx.Response:
    async with http_client(app_over(FakeClient(), NO_TIME)) as client:
        return await client.post(path, content=endless_body())


def post_under(rules: AccessRules, times: int = 1) -> Post:
    """The response to the last of several callbacks of one client."""

    async def post(path: str, body: bytes) -> httpx.Response:
        async with http_client(app_over(FakeClient(), rules=rules)) as client:
            return [await client.post(path, content=body) for _ in range(times)][-1]

    return post


CREDENTIALS = AccessRules(CallerRules(credentials=b"secret"))
ELSEWHERE = AccessRules(
    CallerRules(allowed_sources=(ip_network("192.0.2.1"),)), refusals_per_minute=1
)

POSTS: dict[str, Post] = {
    "200": post_over(FakeClient()),
    "400": post_body(b"malformed"),
    "401": post_under(CREDENTIALS),
    "403": post_under(ELSEWHERE),
    "404": post_over(FakeClient(MaskedNumberNotFound("No pool owns this number."))),
    "408": post_endless_body,
    "413": post_body(b"x" * 4097),
    "429": post_under(ELSEWHERE, times=2),
    "500": post_over(FakeClient(ZeroDivisionError("+14255550122"))),
    "503": post_over(FakeClient(ServiceUnavailable("Not now."))),
}
OF_ATTEMPT = "/api/receipt/attempt/{send_token}"
MESSAGE, RECEIPT = (json.dumps(callback).encode() for callback in (flat_message(), receipt()))
CALLBACKS = {"/api/message": MESSAGE, "/api/receipt": RECEIPT, OF_ATTEMPT: RECEIPT}
# The receipt address of an attempt needs no password.
RESPONSES = {(path, status) for path in CALLBACKS for status in POSTS} - {(OF_ATTEMPT, "401")}


@pytest.mark.parametrize(("path", "status"), sorted(RESPONSES))
async def test_a_callback_gets_each_documented_response(
    paths: Paths, path: str, status: str
) -> None:
    response = await POSTS[status](path.format(send_token="c2VuZA"), CALLBACKS[path])
    documented = paths[path]["post"]["responses"]
    assert {*documented} == {served for served_path, served in RESPONSES if served_path == path}
    assert str(response.status_code) == status
    [media_type] = documented[status]["content"]
    assert response.headers["content-type"] == media_type
    assert "555" not in response.text
    for header in documented[status].get("headers", {}):
        assert response.headers[header]
    if status != "200":
        assert response.json()["status"] == response.status_code


DOWN, FAILURE = ServiceUnavailable("Not now."), ZeroDivisionError("+14255550122")
GETS: dict[str, dict[str, Exception | None]] = {
    "/healthz": {"200": DOWN},
    "/readyz": {"200": None, "503": DOWN},
    "/media/{media_token}": {"200": None, "404": MediaNotFound(), "500": FAILURE, "503": DOWN},
}


@pytest.mark.parametrize("path", GETS)
async def test_each_other_path_gets_each_documented_response(paths: Paths, path: str) -> None:
    documented = paths[path]["get"]["responses"]
    assert set(documented) == set(GETS[path])
    for status, error in GETS[path].items():
        async with http_client(app_over(FakeClient(error))) as client:
            response = await client.get(path.format(media_token="token.png"))
        assert str(response.status_code) == status
        assert "555" not in response.text
        [media_type] = documented[status]["content"]
        expected = "image/png" if media_type == "*/*" else media_type
        assert response.headers["content-type"] == expected


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/", 404), ("POST", "/api", 404), ("POST", "/api/message//", 404)),
        *(("POST", "/api/receipt/a", 404), ("GET", "/redoc", 404)),
        *(("GET", "/docs/index.html", 404), ("GET", "/docs/..%2F..%2Fcore.py", 404)),
        *(("GET", "/api/message", 405), ("PUT", "/api/receipt/attempt/c2VuZA", 405)),
        *(("POST", "/healthz", 405), ("POST", "/media/token.png", 405), ("GET", "/media/", 404)),
    ],
)
async def test_an_unknown_path_or_method_is_a_problem(method: str, path: str, status: int) -> None:
    async with http_client(app_over(FakeClient())) as client:
        response = await client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"] == HTTPStatus(status).description
    if status == 405:
        assert response.headers["allow"] == ("POST" if path.startswith("/api") else "GET, HEAD")


@pytest.mark.parametrize("path", ["/api/message", "/api/message/" + "w" * 32, "/api/receipt"])
async def test_a_wrong_token_gets_the_response_of_an_unknown_path(path: str) -> None:
    rules = AccessRules(CallerRules(callback_tokens=(b"t" * 32,)))
    async with http_client(app_over(FakeClient(), rules=rules)) as client:
        wrong = await client.post(path, content=CALLBACKS["/api/message"])
        unknown = await client.post("/nowhere")
    assert wrong.status_code == unknown.status_code == 404
    assert (wrong.content, wrong.headers) == (unknown.content, unknown.headers)
