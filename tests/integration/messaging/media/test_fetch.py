import asyncio
from collections.abc import AsyncIterator

import pytest

from messaging_service.media import fetch as media_fetch
from messaging_service.media.fetch import FetchFailed, MediaFetcher
from messaging_service.model.media import UnsupportedFile
from support.fakes.scripted_carrier import Answer, CarrierRequest, ScriptedCarrier, response

FILE = b"\x89PNG pixels"
# As presigned URLs are written; a changed letter would break the signature.
PATH = "/bucket/a%20b.png?X-Amz-Credential=AKIA%2F2026%2Fs3&Signature=a%2Bb%2Fc%3D&x=a+b"


@pytest.fixture
async def fetcher() -> AsyncIterator[MediaFetcher]:
    async with MediaFetcher(timeout_seconds=5, connections=2) as opened:
        yield opened


async def chunks(piece: bytes, pause_seconds: float = 0) -> AsyncIterator[bytes]:
    """An answer without end."""
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        await asyncio.sleep(pause_seconds)


async def test_a_file_is_fetched_by_its_exact_url_without_credentials_cookies_or_a_proxy(
    carrier: ScriptedCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    carrier.always(response(200, FILE, {"Set-Cookie": "seen=1"}))
    async with MediaFetcher(timeout_seconds=5, connections=2) as fetcher:
        for _ in range(2):
            assert await fetcher.fetch(carrier.url + PATH) == FILE
    assert len(carrier.requests) == 2
    for request in carrier.requests:
        assert (request.method, request.path) == ("GET", PATH)
        assert not {"authorization", "cookie", "referer"} & set(request.headers)
        assert request.headers["accept-encoding"] == "identity"


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
async def test_other_failures_are_transient(
    carrier: ScriptedCarrier, fetcher: MediaFetcher, answer: Answer
) -> None:
    carrier.always(answer)
    carrier.hangs_up = True
    with pytest.raises(FetchFailed):
        await fetcher.fetch(f"{carrier.url}/a")


async def test_a_server_that_never_completes_an_answer_is_given_up(
    carrier: ScriptedCarrier,
) -> None:
    async def never(_: CarrierRequest) -> Answer:
        await asyncio.Event().wait()
        return None

    async with MediaFetcher(timeout_seconds=0.3, connections=2) as fetcher:
        carrier.script = never
        with pytest.raises(FetchFailed, match="Timeout"):
            await fetcher.fetch(f"{carrier.url}/a")
        carrier.always(chunks(b"x", pause_seconds=0.02))
        with pytest.raises(FetchFailed, match="Timeout"):
            await fetcher.fetch(f"{carrier.url}/a")


async def test_a_file_is_read_no_further_than_the_limit(
    carrier: ScriptedCarrier, fetcher: MediaFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_fetch, "FILE_LIMIT_BYTES", 100_000)
    carrier.always(chunks(b"x" * 0x1000))
    with pytest.raises(UnsupportedFile, match="too large"):
        await fetcher.fetch(f"{carrier.url}/a")
    carrier.always(response(200, b"x" * 100_000))
    assert len(await fetcher.fetch(f"{carrier.url}/a")) == 100_000


async def test_failures_are_reported_without_the_url(fetcher: MediaFetcher) -> None:
    with pytest.raises(FetchFailed) as failed:
        await fetcher.fetch("http://127.0.0.1:9/hunter2")
    assert "hunter2" not in repr(failed.value)
    assert failed.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://[::1/a",
            "http\u017f://a/a",
            "http://\u017f/a",
            "http://a\0/a",
            "http://a:99999/a",
        ),
        *(f"http://{host}/a" for host in ("a" * 64, "a." * 130, "..", "xn--\u00fc", "\udcff", "")),
        *("", "a", "mailto:a@example.com", "http://user:secret@\u2100/a", "http://127.0.0.1:0/a"),
    ],
)
async def test_an_address_that_cannot_be_fetched_causes_no_other_error(
    fetcher: MediaFetcher, url: str
) -> None:
    with pytest.raises((UnsupportedFile, FetchFailed)) as caught:
        await fetcher.fetch(url)
    assert not url or url not in str(caught.value)
