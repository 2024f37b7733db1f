import asyncio
from random import Random

import pytest
import structlog
from integration.messaging.media.conftest import Shelf, jpeg, last_part, settings_for
from PIL import Image
from redis.asyncio import Redis

from messaging_service.media import relay as media_room
from messaging_service.media.fetch import MediaFetcher
from messaging_service.media.policy import TOTAL_LIMIT_BYTES
from messaging_service.media.relay import TRIES_LIMIT, MediaRelay
from messaging_service.model.errors import MediaUnavailable
from support.fakes.scripted_carrier import Answer, CarrierRequest


def noisy(side: int = 1200) -> bytes:
    """Much more than fits."""
    return jpeg(Image.frombytes("RGB", (side, side), Random(1).randbytes(side * side * 3)))


async def test_a_repeated_message_gets_the_same_urls_and_fetches_nothing_twice(
    room: MediaRelay, shelf: Shelf
) -> None:
    first = await room.prepare(shelf.text("/a", "/vcard", "/b"))
    again = await room.prepare(shelf.text("/a", "/vcard", "/b"))
    assert first == again
    assert len(first.urls) == 2
    assert first.refused == 1
    assert shelf.paths == ["/a", "/vcard", "/b"]


async def test_refused_files_are_counted(room: MediaRelay, shelf: Shelf) -> None:
    paths = ("/gone", "/vcard", "/amr", "http://127.0.0.2:8090/a", "ftp://a/a")
    prepared = await room.prepare(shelf.text("/b", *paths))
    assert (len(prepared.urls), prepared.refused) == (1, len(paths))
    assert shelf.paths == ["/b", "/gone", "/vcard", "/amr"]


async def test_many_large_pictures_fit_together(room: MediaRelay, shelf: Shelf) -> None:
    shelf.files["/large"] = noisy()
    assert len(shelf.files["/large"]) > TOTAL_LIMIT_BYTES
    prepared = await room.prepare(shelf.text("/large", "/a", "/large"))
    sizes = [len((await room.get(last_part(url))).content) for url in prepared.urls]
    assert len(sizes) == 3
    assert sum(sizes) <= TOTAL_LIMIT_BYTES
    # The small one leaves its share to the last one.
    assert sizes[2] > TOTAL_LIMIT_BYTES // 4


async def test_only_a_file_that_failed_is_fetched_again_and_refused_in_the_end(
    room: MediaRelay, shelf: Shelf
) -> None:
    shelf.failing.add("/a")
    for _ in range(TRIES_LIMIT - 1):
        with pytest.raises(MediaUnavailable) as later:
            await room.prepare(shelf.text("/a", "/b"))
        assert later.value.retry_after
        assert later.value.reason == "CARRIER_UNAVAILABLE"
    prepared = await room.prepare(shelf.text("/a", "/b"))
    assert (len(prepared.urls), prepared.refused) == (1, 1)
    assert await room.prepare(shelf.text("/a", "/b")) == prepared
    assert shelf.paths == ["/a", "/b", *["/a"] * (TRIES_LIMIT - 1)]


async def test_a_store_that_hangs_delays_a_message_for_a_limited_time(
    redis: Redis, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: CarrierRequest) -> Answer:
        await asyncio.Event().wait()
        return None

    shelf.carrier.script = never
    async with MediaRelay(redis, settings_for(shelf.carrier.url, timeout_seconds=0.2)) as room:
        with pytest.raises(MediaUnavailable):
            await room.prepare(shelf.text("/a"))
    monkeypatch.setattr(media_room, "PREPARE_SECONDS", 0.2)
    async with MediaRelay(redis, settings_for(shelf.carrier.url)) as room:
        with pytest.raises(MediaUnavailable):
            await room.prepare(shelf.text("/a"))


async def test_refused_files_are_logged_without_their_url(room: MediaRelay, shelf: Shelf) -> None:
    shelf.failing.add("/hunter2")
    with structlog.testing.capture_logs() as logs, pytest.raises(MediaUnavailable):
        await room.prepare(shelf.text("/vcard", "/hunter2"))
    assert [(log["event"], log["file"]) for log in logs] == [
        ("file_refused", 0),
        ("file_not_fetched", 1),
    ]
    assert "hunter2" not in str(logs)
    assert "127.0.0.1" not in str(logs)


async def test_files_that_hang_are_refused_after_the_same_number_of_tries(
    redis: Redis, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many files hang: the sender's later texts wait behind them."""

    async def hang(request: CarrierRequest) -> Answer:
        if request.path != "/a":
            await asyncio.Event().wait()
        return await shelf.answer(request)

    shelf.carrier.script = hang
    monkeypatch.setattr(media_room, "PREPARE_SECONDS", 1.0)
    monkeypatch.setattr(media_room, "TRIES_LIMIT", 3)
    async with MediaRelay(redis, settings_for(shelf.carrier.url)) as room:
        text = shelf.text("/x", "/y", "/a")
        for _ in range(3):
            with pytest.raises(MediaUnavailable):
                await room.prepare(text)
        prepared = await room.prepare(text)
    # The one that can be fetched was tried first once.
    assert (len(prepared.urls), prepared.refused) == (1, 2)
    assert shelf.paths == ["/x", "/y", "/a", "/x"]


@pytest.mark.parametrize("error", [KeyError("x"), UnicodeError("x"), RuntimeError("x")])
async def test_whatever_a_file_causes_it_is_refused_or_tried_again(
    room: MediaRelay, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def raises(*_: object) -> bytes:
        raise error

    monkeypatch.setattr(MediaFetcher, "fetch", raises)
    prepared = await room.prepare(shelf.text("/a"))
    assert (prepared.urls, prepared.refused) == ((), 1)
