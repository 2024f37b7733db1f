"""The OpenAPI document and the served responses agree."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from ipaddress import ip_network
from typing import TypedDict

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
from gateway.problems import (
    MediaNotFound,
    ServiceUnavailable,
    UnknownMaskedNumber,
)
from maskline.conversation.v1 import conversation_pb2 as pb
from support.carrier_callbacks import flat_message, receipt

NO_TIME = BodyLimits(max_bytes=4096, seconds=0.01)


class MediaType(TypedDict, total=False):
    """A part of the document, as far as tests read it."""

    examples: dict[str, dict[str, object]]


class DocumentedResponse(TypedDict, total=False):
    """A part of the document, as far as tests read it."""

    headers: dict[str, object]
    content: dict[str, MediaType]


class Operation(TypedDict, total=False):
    """A part of the document, as far as tests read it."""

    operationId: str
    requestBody: dict[str, dict[str, MediaType]]
    responses: dict[str, DocumentedResponse]


Paths = dict[str, dict[str, Operation]]


@pytest.fixture
def paths() -> Paths:
    documented: Paths = json.loads(json.dumps(app_over(FakeClient()).openapi()["paths"]))
    return documented


def test_the_document_is_valid_openapi() -> None:
    document = app_over(FakeClient()).openapi()
    OpenAPI.model_validate(document)
    assert "Problem" in json.dumps(document)


async def test_the_document_is_served() -> None:
    app = app_over(FakeClient())
    async with http_client(app) as client:
        assert (await client.get("/openapi.json")).json() == json.loads(json.dumps(app.openapi()))


def test_the_documented_operations_are_the_served_ones(paths: Paths) -> None:
    documented = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    served = {
        (route.path, method)
        for route in app_over(FakeClient()).routes
        if isinstance(route, Route) and not route.path.startswith(("/openapi.json", "/docs"))
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert documented == served


def test_operation_ids_are_unique(paths: Paths) -> None:
    ids = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("path", "parse", "expected"),
    [
        ("/api/message", parse_message, (pb.InboundMessage, pb.DeliveryReceipt)),
        ("/api/receipt", parse_receipt, pb.DeliveryReceipt),
        ("/api/receipt/{send_token}", parse_receipt, pb.DeliveryReceipt),
    ],
)
def test_every_example_can_be_parsed(
    paths: Paths,
    path: str,
    parse: Callable[[bytes], object],
    expected: type | tuple[type, ...],
) -> None:
    content = paths[path]["post"]["requestBody"]["content"]
    for media_type in content.values():
        assert len(media_type["examples"]) >= 2
        for example in media_type["examples"].values():
            assert isinstance(parse(json.dumps(example["value"]).encode()), expected)


async def endless_body() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


Post = Callable[[str, bytes], Awaitable[httpx.Response]]


def post_over(backend: FakeClient) -> Post:
    async def post(path: str, body: bytes) -> httpx.Response:
        async with http_client(app_over(backend)) as client:
            return await client.post(path, content=body)

    return post


async def post_malformed(path: str, _: bytes) -> httpx.Response:
    return await post_over(FakeClient())(path, b"malformed")


async def post_too_much(path: str, _: bytes) -> httpx.Response:
    return await post_over(FakeClient())(path, b"x" * 4097)


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
    "400": post_malformed,
    "401": post_under(CREDENTIALS),
    "403": post_under(ELSEWHERE),
    "404": post_over(FakeClient(UnknownMaskedNumber("No pool owns this number."))),
    "408": post_endless_body,
    "413": post_too_much,
    "429": post_under(ELSEWHERE, times=2),
    "500": post_over(FakeClient(ZeroDivisionError("+14255550122"))),
    "503": post_over(FakeClient(ServiceUnavailable("Not now."))),
}
OF_ATTEMPT = "/api/receipt/{send_token}"
CALLBACKS = {
    "/api/message": json.dumps(flat_message()).encode(),
    "/api/receipt": json.dumps(receipt()).encode(),
    OF_ATTEMPT: json.dumps(receipt()).encode(),
}


# The receipt address of an attempt needs no password.
RESPONSES = [
    (path, status)
    for path in CALLBACKS
    for status in POSTS
    if (path, status) != (OF_ATTEMPT, "401")
]


@pytest.mark.parametrize(("path", "status"), RESPONSES)
async def test_a_callback_gets_each_documented_response(
    paths: Paths, path: str, status: str
) -> None:
    response = await POSTS[status](path.format(send_token="c2VuZA"), CALLBACKS[path])
    assert str(response.status_code) == status
    [media_type] = paths[path]["post"]["responses"][status]["content"]
    assert response.headers["content-type"] == media_type
    assert "555" not in response.text
    for header in paths[path]["post"]["responses"][status].get("headers", {}):
        assert response.headers[header]
    if status != "200":
        assert response.json()["status"] == response.status_code


@pytest.mark.parametrize("path", CALLBACKS)
def test_no_other_response_of_callbacks_is_documented(paths: Paths, path: str) -> None:
    served = {status for served_path, status in RESPONSES if served_path == path}
    assert set(paths[path]["post"]["responses"]) == served


@pytest.mark.parametrize(
    ("path", "statuses"), [("/healthz", ["200", "200"]), ("/readyz", ["200", "503"])]
)
async def test_health_gets_each_documented_response(
    paths: Paths, path: str, statuses: list[str]
) -> None:
    for client, status in zip(
        [FakeClient(), FakeClient(ServiceUnavailable())], statuses, strict=True
    ):
        async with http_client(app_over(client)) as http:
            response = await http.get(path)
        assert str(response.status_code) == status
        [media_type] = paths[path]["get"]["responses"][status]["content"]
        assert response.headers["content-type"] == media_type
    assert set(paths[path]["get"]["responses"]) == set(statuses)


FILES: dict[str, Exception | None] = {
    "200": None,
    "404": MediaNotFound(),
    "500": ZeroDivisionError("+14255550122"),
    "503": ServiceUnavailable("Not now."),
}


@pytest.mark.parametrize("status", FILES)
async def test_a_file_gets_each_documented_response(paths: Paths, status: str) -> None:
    documented = paths["/media/{media_token}"]["get"]["responses"]
    assert set(documented) == set(FILES)
    async with http_client(app_over(FakeClient(FILES[status]))) as client:
        response = await client.get("/media/token.png")
    assert str(response.status_code) == status
    assert "555" not in response.text
    [media_type] = documented[status]["content"]
    expected = "image/png" if media_type == "*/*" else media_type
    assert response.headers["content-type"] == expected


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/", 404), ("POST", "/api", 404), ("POST", "/api/message//", 404)),
        *(("POST", "/api/receipt/a/b", 404), ("GET", "/redoc", 404)),
        *(("GET", "/docs/index.html", 404), ("GET", "/docs/..%2F..%2Fcore.py", 404)),
        *(("GET", "/api/message", 405), ("PUT", "/api/receipt/c2VuZA", 405)),
        ("POST", "/healthz", 405),
        ("POST", "/media/token.png", 405),
        ("GET", "/media/", 404),
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
