"""The OpenAPI document says what is served, and what is served is in the document."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from ipaddress import ip_network
from typing import TypedDict

import httpx
import pytest
from fastapi.openapi.models import OpenAPI
from starlette.routing import Route

from gateway.access.callback_auth import CallerRules
from gateway.access.middleware import AccessRules
from gateway.app import GatewayApp, create_app
from gateway.callbacks.delivery_receipt import DeliveryReceipt, parse_receipt
from gateway.callbacks.endpoints import BodyLimits
from gateway.callbacks.inbound_message import InboundText, parse_message
from gateway.problems import IdConflict, ServiceUnavailable, UnknownMaskedNumber
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import media_pb2
from support.carrier_callbacks import flat_message, receipt

LIMITS = BodyLimits(max_bytes=4096, seconds=5)
SHORT_OF_TIME = BodyLimits(max_bytes=4096, seconds=0.01)


class Behind:
    """Stands behind the application and ends every call the same way."""

    def __init__(self, raises: Exception | None = None) -> None:
        self._raises = raises

    async def receive_message(self, message: pb.InboundMessage) -> None:
        if self._raises:
            raise self._raises

    async def receive_receipt(self, receipt: pb.DeliveryReceipt) -> None:
        if self._raises:
            raise self._raises

    async def get_media(self, media_token: str) -> media_pb2.GetMediaResponse:
        if self._raises:
            raise self._raises
        return media_pb2.GetMediaResponse(content_type="image/png", content=b"pixels")

    async def is_serving(self) -> bool:
        return self._raises is None


class MediaType(TypedDict, total=False):
    """The part of the document that tests look at."""

    examples: dict[str, dict[str, object]]


class Answer(TypedDict, total=False):
    """The part of the document that tests look at."""

    headers: dict[str, object]
    content: dict[str, MediaType]


class Operation(TypedDict, total=False):
    """The part of the document that tests look at."""

    operationId: str
    requestBody: dict[str, dict[str, MediaType]]
    responses: dict[str, Answer]


Paths = dict[str, dict[str, Operation]]


def app_over(
    behind: Behind, limits: BodyLimits = LIMITS, rules: AccessRules | None = None
) -> GatewayApp:
    return create_app(behind, limits, rules or AccessRules(), serves_openapi=True)


def client_of(app: GatewayApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("203.0.113.9", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


@pytest.fixture
def paths() -> Paths:
    documented: Paths = json.loads(json.dumps(app_over(Behind()).openapi()["paths"]))
    return documented


def test_the_document_is_valid_openapi() -> None:
    document = app_over(Behind()).openapi()
    OpenAPI.model_validate(document)
    assert "Problem" in json.dumps(document)


async def test_the_document_is_served() -> None:
    app = app_over(Behind())
    async with client_of(app) as client:
        assert (await client.get("/openapi.json")).json() == json.loads(json.dumps(app.openapi()))


async def test_the_document_is_not_served_unless_a_setting_says_so() -> None:
    async with client_of(create_app(Behind(), LIMITS)) as client:
        assert (await client.get("/openapi.json")).status_code == 404


def test_the_documented_operations_are_the_served_ones(paths: Paths) -> None:
    documented = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    served = {
        (route.path, method)
        for route in app_over(Behind()).routes
        if isinstance(route, Route) and route.path != "/openapi.json"
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert documented == served


def test_operation_ids_are_unique(paths: Paths) -> None:
    ids = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("path", "parse", "expected"),
    [
        ("/api/message", parse_message, (InboundText, DeliveryReceipt)),
        ("/api/receipt", parse_receipt, DeliveryReceipt),
        ("/api/receipt/{send_token}", parse_receipt, DeliveryReceipt),
    ],
)
def test_every_example_can_be_read(
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


async def without_end() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


Post = Callable[[str, bytes], Awaitable[httpx.Response]]


def posted(behind: Behind) -> Post:
    async def post(path: str, body: bytes) -> httpx.Response:
        async with client_of(app_over(behind)) as client:
            return await client.post(path, content=body)

    return post


async def post_nonsense(path: str, _: bytes) -> httpx.Response:
    return await posted(Behind())(path, b"nonsense")


async def post_too_much(path: str, _: bytes) -> httpx.Response:
    return await posted(Behind())(path, b"x" * 4097)


async def post_without_end(path: str, _: bytes) -> httpx.Response:
    async with client_of(app_over(Behind(), SHORT_OF_TIME)) as client:
        return await client.post(path, content=without_end())


def posted_under(rules: AccessRules, times: int = 1) -> Post:
    """The answer to the last of so many callbacks of one source."""

    async def post(path: str, body: bytes) -> httpx.Response:
        async with client_of(app_over(Behind(), rules=rules)) as client:
            return [await client.post(path, content=body) for _ in range(times)][-1]

    return post


CREDENTIALS = AccessRules(CallerRules(credentials=b"secret"))
ELSEWHERE = AccessRules(
    CallerRules(allowed_sources=(ip_network("192.0.2.1"),)), refusals_per_minute=1
)

WAYS: dict[str, Post] = {
    "200": posted(Behind()),
    "400": post_nonsense,
    "401": posted_under(CREDENTIALS),
    "403": posted_under(ELSEWHERE),
    "404": posted(Behind(UnknownMaskedNumber("No pool owns this number."))),
    "408": post_without_end,
    "409": posted(Behind(IdConflict("This id was taken before."))),
    "413": post_too_much,
    "429": posted_under(ELSEWHERE, times=2),
    "500": posted(Behind(ZeroDivisionError("+14255550122"))),
    "503": posted(Behind(ServiceUnavailable("Not now."))),
}
OF_ATTEMPT = "/api/receipt/{send_token}"
CALLBACKS = {
    "/api/message": json.dumps(flat_message()).encode(),
    "/api/receipt": json.dumps(receipt()).encode(),
    OF_ATTEMPT: json.dumps(receipt()).encode(),
}


# A receipt of one attempt has a secret of its own.
ANSWERS = [(path, one) for path in CALLBACKS for one in WAYS if (path, one) != (OF_ATTEMPT, "401")]


@pytest.mark.parametrize(("path", "status"), ANSWERS)
async def test_a_callback_gets_each_documented_answer(paths: Paths, path: str, status: str) -> None:
    answer = await WAYS[status](path.format(send_token="c2VuZA"), CALLBACKS[path])
    assert str(answer.status_code) == status
    [media_type] = paths[path]["post"]["responses"][status]["content"]
    assert answer.headers["content-type"] == media_type
    assert "555" not in answer.text
    for header in paths[path]["post"]["responses"][status].get("headers", {}):
        assert answer.headers[header]
    if status != "200":
        assert answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("path", CALLBACKS)
def test_no_answer_is_documented_that_is_not_given(paths: Paths, path: str) -> None:
    given = {status for one, status in ANSWERS if one == path}
    assert set(paths[path]["post"]["responses"]) == given


@pytest.mark.parametrize(
    ("path", "statuses"), [("/healthz", ["200", "200"]), ("/readyz", ["200", "503"])]
)
async def test_health_gets_each_documented_answer(
    paths: Paths, path: str, statuses: list[str]
) -> None:
    for behind, status in zip([Behind(), Behind(ServiceUnavailable())], statuses, strict=True):
        async with client_of(app_over(behind)) as client:
            answer = await client.get(path)
        assert str(answer.status_code) == status
        [media_type] = paths[path]["get"]["responses"][status]["content"]
        assert answer.headers["content-type"] == media_type
    assert set(paths[path]["get"]["responses"]) == set(statuses)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/api", 404),
        ("POST", "/api/message/", 404),
        ("POST", "/api/receipt/a/b", 404),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
        ("GET", "/api/message", 405),
        ("PUT", "/api/receipt/c2VuZA", 405),
        ("POST", "/healthz", 405),
    ],
)
async def test_what_is_not_served_is_a_problem_too(method: str, path: str, status: int) -> None:
    async with client_of(app_over(Behind())) as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"] == HTTPStatus(status).description
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize("path", ["/api/message", "/api/message/" + "w" * 32, "/api/receipt"])
async def test_a_wrong_token_is_answered_like_an_address_where_nothing_is(path: str) -> None:
    rules = AccessRules(CallerRules(callback_tokens=(b"t" * 32,)))
    async with client_of(app_over(Behind(), rules=rules)) as client:
        wrong = await client.post(path, content=CALLBACKS["/api/message"])
        nothing = await client.post("/nowhere")
    assert wrong.status_code == nothing.status_code == 404
    assert (wrong.content, wrong.headers) == (nothing.content, nothing.headers)
