"""Words of text parts, fetched from the carrier's store."""

import asyncio
from dataclasses import replace

import pytest
from integration.messaging.media.conftest import AMR, VCARD, Shelf, settings_for
from redis.asyncio import Redis

from messaging_service.media import relay as media_relay
from messaging_service.media.relay import MediaRelay
from messaging_service.model.media import FetchedText, TextOutcome
from messaging_service.model.message import AttachmentPolicy
from support.fakes.scripted_carrier import Answer, CarrierRequest, response

TEXT, FILE = TextOutcome.TEXT, TextOutcome.FILE
GONE, UNAVAILABLE = TextOutcome.GONE, TextOutcome.UNAVAILABLE


@pytest.mark.parametrize(
    ("content", "outcome", "text"),
    [
        (b"\xef\xbb\xbfthe words\r\n", TEXT, "the words"),
        ("caf\u00e9".encode(), TEXT, "caf\u00e9"),
        *((content, TEXT, "") for content in (b"", b" \n", b"\xef\xbb\xbf", b"<smil></smil>")),
        (b"ID3 is a tag", TEXT, "ID3 is a tag"),
        # The conversation service decides about these: an opt-out counts.
        (b"ST\0OP", TEXT, "ST\0OP"),
        (b"x" * 10_000, TEXT, "x" * 10_000),
        *((content, FILE, "") for content in (b"x" * 10_001, b"x" * 99_999, VCARD, AMR, b"\xff")),
    ],
)
async def test_words_are_told_from_files(
    room: MediaRelay, shelf: Shelf, content: bytes, outcome: TextOutcome, text: str
) -> None:
    shelf.files["/text"] = content
    assert await room.fetch_text(f"{shelf.carrier.url}/text") == FetchedText(outcome, text)


async def test_a_picture_declared_as_text_is_a_file(room: MediaRelay, shelf: Shelf) -> None:
    assert await room.fetch_text(f"{shelf.carrier.url}/a") == FetchedText(FILE)


async def test_a_text_that_is_gone_is_told_from_one_that_is_not_available(
    room: MediaRelay, shelf: Shelf
) -> None:
    shelf.failing.add("/down")
    outcomes = {"/none": GONE, "/down": UNAVAILABLE}
    for path, outcome in outcomes.items():
        assert await room.fetch_text(shelf.carrier.url + path) == FetchedText(outcome)
    assert await room.fetch_text("http://169.254.169.254/text") == FetchedText(GONE)
    assert shelf.paths == ["/none", "/down"]


async def test_a_text_and_a_file_that_hang_do_not_delay_each_other(
    redis: Redis, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(request: CarrierRequest) -> Answer:
        if request.path == "/hangs":
            await asyncio.Event().wait()
        return response(200, b"the words")

    shelf.carrier.script = hang
    monkeypatch.setattr(media_relay, "TEXT_SECONDS", 0.2)
    monkeypatch.setattr(media_relay, "CONCURRENT_FILES", 1)
    # One place is taken, and the other one is free.
    monkeypatch.setattr(media_relay, "CONCURRENT_TEXTS", 2)
    url = shelf.carrier.url
    async with MediaRelay(redis, settings_for(url)) as relay:
        file = asyncio.create_task(relay.prepare(shelf.text("/hangs")))
        slow = asyncio.create_task(relay.fetch_text(f"{url}/hangs"))
        assert (await relay.fetch_text(f"{url}/text")).text == "the words"
        assert (await slow).outcome is UNAVAILABLE
        assert not file.done()
        file.cancel()


@pytest.mark.parametrize(
    ("policy", "files"), [(AttachmentPolicy.ALL, 1), (AttachmentPolicy.PICTURES, 0)]
)
async def test_a_long_text_is_sent_as_a_file_where_the_pool_allows_files(
    room: MediaRelay, shelf: Shelf, policy: AttachmentPolicy, files: int
) -> None:
    shelf.files["/text"] = b"x" * 10_001
    message = shelf.text("/text", policy=policy, kind="text/plain")
    prepared = await room.prepare(replace(message, body="look"))
    assert (len(prepared.urls), prepared.refused) == (files, 1 - files)
