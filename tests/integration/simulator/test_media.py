import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from integration.simulator.running_simulator import (
    BOB,
    JSON_API,
    KEYS,
    OURS,
    Simulator,
    assert_error,
    port_of,
    serving,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.control.media_bodies import MAX_FILES_BYTES
from simulator.media import client as media_client
from simulator.media.client import MediaClient, MediaRejected
from support.clock import ManualClock

PICTURE = b"\x89PNG\r\n\x1a\n and the rest of a picture"
ATTACHED = {
    "content": base64.b64encode(PICTURE).decode(),
    "mime_type": "image/png",
    "file_name": "my cat.png",
}


class MediaHost:
    """Answers each path with what a test put there, 404 elsewhere, and nothing at all at /slow."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Response] = {}
        self.end = asyncio.Event()
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    def put(self, path: str, content: bytes = PICTURE, media_type: str = "image/png") -> str:
        self.answers[path] = Response(content, media_type=media_type)
        return f"{self.url}{path}"

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/slow":
            await self.end.wait()
        return self.answers.get(request.url.path, Response(status_code=404))


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    host = MediaHost()
    async with serving(host.app) as server:
        host.url = f"http://127.0.0.1:{port_of(server)}"
        yield host
        host.end.set()


async def called_back(simulator: Simulator) -> dict[str, Any]:
    await simulator.deliver()
    [callback] = simulator.gateway.received
    payload: dict[str, Any] = json.loads(callback.content)
    return payload


async def test_an_attached_file_can_be_fetched_and_runs_nothing(simulator: Simulator) -> None:
    await simulator.type_text("look", media=[ATTACHED])
    [media] = (await called_back(simulator))["included"]
    attributes = media["attributes"]
    assert attributes["url"].startswith(f"http://127.0.0.1:{simulator.port}/simulator/media/")
    assert (attributes["file_name"], attributes["mime_type"]) == ("my cat.png", "image/png")
    for method, content in (("GET", PICTURE), ("HEAD", b"")):
        fetched = await simulator.http.request(method, attributes["url"])
        assert (fetched.status_code, fetched.content) == (200, content)
        assert fetched.headers["content-type"] == "image/png"
        assert fetched.headers["content-length"] == str(len(PICTURE))
        assert fetched.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert fetched.headers["x-content-type-options"] == "nosniff"


async def test_the_phone_shows_what_it_sent(simulator: Simulator) -> None:
    await simulator.type_text("look", media=[ATTACHED, "https://example.net/1.jpg"])
    [text] = await simulator.texts()
    assert isinstance(text["media"], list)
    stored, elsewhere = text["media"]
    assert stored["url"].startswith(f"http://127.0.0.1:{simulator.port}/simulator/media/")
    assert (stored["file_size"], elsewhere["file_size"]) == (len(PICTURE), 0)
    assert elsewhere["url"] == "https://example.net/1.jpg"
    assert (await simulator.http.get(stored["url"])).content == PICTURE


async def test_the_largest_mms_comes_in_and_no_larger(simulator: Simulator) -> None:
    largest = base64.b64encode(b"x" * MAX_FILES_BYTES).decode()
    await simulator.type_text("", media=[{"content": largest}])
    [media] = (await called_back(simulator))["included"]
    assert media["attributes"]["file_size"] == MAX_FILES_BYTES
    url = f"/simulator/phones/{BOB}/texts"
    too_large = {"to": OURS, "body": "", "media": [{"content": largest}, ATTACHED]}
    assert (await simulator.http.post(url, json=too_large)).status_code == 422
    endless = b" " * (22 * 1024 * 1024)
    response = await simulator.http.post(url, content=endless, headers=JSON_API)
    assert response.status_code in (413, 422)
    assert await simulator.texts(BOB) == []


async def test_the_media_of_a_text_may_have_expired(simulator: Simulator) -> None:
    await simulator.fault("media_expired")
    for _ in range(2):
        await simulator.type_text("", media=[ATTACHED])
    await simulator.deliver()
    payloads = [json.loads(callback.content) for callback in simulator.gateway.received]
    urls = [payload["included"][0]["attributes"]["url"] for payload in payloads]
    statuses = [(await simulator.http.get(url)).status_code for url in urls]
    assert sorted(statuses) == [200, 403]


async def test_an_inbound_record_has_its_media(simulator: Simulator, clock: ManualClock) -> None:
    text_id = await simulator.type_text("look", media=[ATTACHED, ATTACHED])
    callback = await called_back(simulator)
    query = {"start_date": f"{clock.now():%Y-%m-%d}"}
    listing = (await simulator.http.get("/v2.2/messages", params=query, auth=KEYS)).json()
    single = (await simulator.http.get(f"/v2.2/messages/{text_id}", auth=KEYS)).json()
    assert listing["data"] == [single["data"]]
    assert single["data"]["relationships"] == callback["data"]["relationships"]
    assert listing["included"] == single["included"] == callback["included"]


async def test_the_carrier_fetches_what_is_sent(simulator: Simulator, host: MediaHost) -> None:
    url = host.put("/m/1.jpg", media_type="image/jpeg; charset=binary")
    response = await simulator.send(body=None, media_urls=[url, host.put("/2")])
    assert response.status_code == 202
    host.answers.clear()
    [text] = await simulator.texts()
    assert isinstance(text["media"], list)
    first, second = text["media"]
    assert (first["mime_type"], first["file_size"]) == ("image/jpeg", len(PICTURE))
    assert (first["file_name"], second["mime_type"]) == ("1.jpg", "image/png")
    for media in (first, second):
        fetched = await simulator.http.get(media["url"])
        assert fetched.content == PICTURE


async def test_an_mms_record_names_its_media(simulator: Simulator, host: MediaHost) -> None:
    response = await simulator.send(body=None, media_urls=[host.put("/1.jpg")])
    message_id = response.json()["data"]["id"]
    document = (await simulator.http.get(f"/v2.1/messages/{message_id}", auth=KEYS)).json()
    data = document["data"]
    assert [media["type"] for media in data["relationships"]["media"]["data"]] == ["media"]
    attributes = data["attributes"]
    assert (attributes["is_mms"], attributes["status"]) == (True, "mmsc submit")
    assert attributes["delivery_receipts"] == []
    assert "included" not in document


async def test_what_cannot_be_fetched_is_not_sent(simulator: Simulator, host: MediaHost) -> None:
    host.answers["/moved"] = RedirectResponse(host.put("/1.png"))
    nobody = "http://127.0.0.1:1/1.png"
    for url in (f"{host.url}/unknown", f"{host.url}/moved", nobody, "http://[::1%25]/"):
        detail = assert_error(await simulator.send(media_urls=[url]), 422, "Unprocessable Entity")
        assert "'media_urls'" in detail
        assert url not in detail
    assert await simulator.texts() == []


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_size_of_a_file_has_a_limit(
    simulator: Simulator, host: MediaHost, chunked: bool
) -> None:
    limit = media_client.FILE_LIMIT_BYTES
    url = host.put("/fits", b"x" * limit)
    assert (await simulator.send(body=None, media_urls=[url])).status_code == 202
    host.put("/fits", b"x" * (limit + 1))
    if chunked:
        del host.answers["/fits"].headers["content-length"]
    refused = await simulator.send(body=None, media_urls=[url])
    assert str(limit) in assert_error(refused, 422, "Unprocessable Entity")


async def test_the_size_of_an_mms_has_a_limit(simulator: Simulator, host: MediaHost) -> None:
    half = media_client.MESSAGE_LIMIT_BYTES // 2
    urls = [host.put("/1", b"x" * half), host.put("/2", b"x" * (half - 2))]
    assert (await simulator.send(body="hi", media_urls=urls)).status_code == 202
    refused = await simulator.send(body="hi!", media_urls=urls)
    assert "in all" in assert_error(refused, 422, "Unprocessable Entity")


async def test_a_host_that_does_not_answer_in_time_is_down(host: MediaHost) -> None:
    client = MediaClient(fetch_seconds=0.05)
    host.answers["/slow"] = Response(PICTURE)
    with pytest.raises(MediaRejected):
        await client.fetch(f"{host.url}/slow")
    await client.close()
