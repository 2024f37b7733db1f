"""Files are fetched within limits, from a real server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from messaging_service.media import fetch as media_fetch
from messaging_service.media.fetch import FetchFailed, MediaFetcher
from messaging_service.model.media import UnsupportedFile
from support.scripted_carrier import (
    Answer,
    CarrierRequest,
    ScriptedCarrier,
    response,
)

FILE = b"\x89PNG pixels"
# As presigned addresses are written; a changed letter would break the signature.
PATH = "/bucket/a%20b.png?X-Amz-Credential=AKIA%2F2026%2Fs3&Signature=a%2Bb%2Fc%3D&x=a+b"


@pytest.fixture
async def fetcher() -> AsyncIterator[MediaFetcher]:
    async with MediaFetcher(timeout_seconds=5, connections=2) as one:
        yield one


async def test_a_file_is_fetched_as_it_is(carrier: ScriptedCarrier, fetcher: MediaFetcher) -> None:
    carrier.always(response(200, FILE))
    assert await fetcher.fetch(carrier.url + PATH) == FILE
    [request] = carrier.requests
    assert request.method == "GET"
    assert request.path == PATH


async def test_no_credentials_and_no_cookies_go_along(
    carrier: ScriptedCarrier, fetcher: MediaFetcher
) -> None:
    carrier.always(response(200, FILE, {"Set-Cookie": "seen=1"}))
    await fetcher.fetch(f"{carrier.url}/a")
    await fetcher.fetch(f"{carrier.url}/a")
    for request in carrier.requests:
        assert not {"authorization", "cookie", "referer"} & set(request.headers)
        assert request.headers["accept-encoding"] == "identity"


async def test_no_proxy_of_the_environment_is_used(
    carrier: ScriptedCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    carrier.always(response(200, FILE))
    async with MediaFetcher(timeout_seconds=5, connections=2) as fetcher:
        assert await fetcher.fetch(f"{carrier.url}/a") == FILE


async def test_redirects_are_not_followed_and_refusals_are_permanent(
    carrier: ScriptedCarrier, fetcher: MediaFetcher
) -> None:
    statuses = (301, 302, 303, 307, 308, 204, 206, 400, 401, 403, 404, 410)
    for status in statuses:
        carrier.always(response(status, b"", {"Location": f"{carrier.url}/elsewhere"}))
        with pytest.raises(UnsupportedFile, match=f"status {status}"):
            await fetcher.fetch(f"{carrier.url}/a")
    assert len(carrier.requests) == len(statuses)


@pytest.mark.parametrize(
    "answer",
    [
        *(response(status, b"") for status in (408, 429, 500, 503)),
        None,
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    ],
)
async def test_other_failures_may_pass(
    carrier: ScriptedCarrier, fetcher: MediaFetcher, answer: Answer
) -> None:
    carrier.always(answer)
    carrier.hangs_up = True
    with pytest.raises(FetchFailed):
        await fetcher.fetch(f"{carrier.url}/a")


async def test_a_server_that_does_not_answer_is_given_up(carrier: ScriptedCarrier) -> None:
    async def never(_: CarrierRequest) -> Answer:
        await asyncio.Event().wait()
        return None

    carrier.script = never
    async with MediaFetcher(timeout_seconds=0.2, connections=2) as fetcher:
        with pytest.raises(FetchFailed, match="Timeout"):
            await fetcher.fetch(f"{carrier.url}/a")


async def test_a_server_that_trickles_is_given_up(carrier: ScriptedCarrier) -> None:
    async def drops() -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"1\r\nx\r\n"
            await asyncio.sleep(0.02)

    async def trickle(_: CarrierRequest) -> Answer:
        return drops()

    carrier.script = trickle
    async with MediaFetcher(timeout_seconds=0.3, connections=2) as fetcher:
        with pytest.raises(FetchFailed, match="Timeout"):
            await fetcher.fetch(f"{carrier.url}/a")


async def without_end() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"1000\r\n" + b"x" * 0x1000 + b"\r\n"


async def test_a_file_is_read_no_further_than_the_limit(
    carrier: ScriptedCarrier, fetcher: MediaFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_fetch, "FILE_LIMIT_BYTES", 100_000)

    async def endless(_: CarrierRequest) -> Answer:
        return without_end()

    carrier.script = endless
    with pytest.raises(UnsupportedFile, match="too large"):
        await fetcher.fetch(f"{carrier.url}/a")
    carrier.always(response(200, b"x" * 100_000))
    assert len(await fetcher.fetch(f"{carrier.url}/a")) == 100_000


async def test_failures_are_reported_without_the_url(fetcher: MediaFetcher) -> None:
    with pytest.raises(FetchFailed) as failed:
        await fetcher.fetch("http://127.0.0.1:9/hunter2")
    assert "hunter2" not in repr(failed.value)
    assert failed.value.__suppress_context__
