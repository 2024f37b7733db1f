"""Files wait between two carriers: stripped, encrypted, and for a short time only."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from random import Random

import pytest
import structlog
from PIL import Image
from pydantic import SecretStr
from redis.asyncio import Redis

from messaging_service.config.settings import Settings
from messaging_service.media import relay as media_room
from messaging_service.media.policy import TOTAL_LIMIT_BYTES
from messaging_service.media.relay import TRIES_LIMIT, MediaRelay
from messaging_service.media.store import KEEP_MS
from messaging_service.media.urls import MediaUrls, token_of
from messaging_service.model.errors import BackendUnavailable, MediaNotFound
from messaging_service.model.media import MediaUnavailable
from messaging_service.model.message import Attachment, AttachmentPolicy, OutboundMessage
from messaging_service.redis import keys
from runtime.redis.client import open_redis
from support.messaging_service import ALICE, MASKED
from support.redis_relay import redis_relay
from support.scripted_carrier import (
    Answer,
    CarrierRequest,
    ScriptedCarrier,
    response,
)

GATEWAY = "https://relay.example"
MARK = b"SECRET-MARK-47.6N-122.3W"
VCARD = b"BEGIN:VCARD\r\nFN:Somebody\r\nEND:VCARD\r\n"
AMR = b"#!AMR\n" + b"\0" * 40


def jpeg(picture: Image.Image | None = None) -> bytes:
    """A picture that tells where it was taken."""
    told = Image.Exif()
    told[0x010E] = MARK.decode()
    written = BytesIO()
    (picture or Image.new("RGB", (32, 16), (250, 0, 0))).save(
        written, "JPEG", exif=told, quality=95
    )
    return written.getvalue()


def noisy(side: int = 1200) -> bytes:
    """Much more than fits."""
    return jpeg(Image.frombytes("RGB", (side, side), Random(1).randbytes(side * side * 3)))


class Shelf:
    """What the carrier's store has, by path; anything else is gone."""

    def __init__(self, carrier: ScriptedCarrier) -> None:
        self.files: dict[str, bytes] = {"/a": jpeg(), "/b": jpeg(), "/vcard": VCARD, "/amr": AMR}
        self.failing: set[str] = set()
        self.carrier = carrier
        carrier.script = self.answer

    async def answer(self, request: CarrierRequest) -> Answer:
        if request.path in self.failing:
            return response(503, b"")
        content = self.files.get(request.path)
        return response(404, b"") if content is None else response(200, content)

    @property
    def asked(self) -> list[str]:
        return [request.path for request in self.carrier.requests]

    def text(
        self, *paths: str, policy: AttachmentPolicy = AttachmentPolicy.PICTURES, kind: str = ""
    ) -> OutboundMessage:
        """A text with these files."""
        urls = (path if "//" in path else self.carrier.url + path for path in paths)
        return OutboundMessage(
            message_id="m1",
            pool="main",
            from_number=MASKED,
            to_number=ALICE,
            body="",
            attachments=tuple(Attachment(url, kind) for url in urls),
            attachment_policy=policy,
        )


@pytest.fixture
def shelf(carrier: ScriptedCarrier) -> Shelf:
    return Shelf(carrier)


ONE, ANOTHER = "the one ledger key", "the other ledger key"


def settings_for(
    origin: str, key: str = ONE, timeout_seconds: float = 10.0, *, former: str = ""
) -> Settings:
    return Settings(
        public_url=GATEWAY,
        media_origins=origin,
        media_timeout_seconds=timeout_seconds,
        ledger_key=SecretStr(key),
        former_ledger_keys=SecretStr(former),
    )


@pytest.fixture
async def room(redis: Redis, carrier: ScriptedCarrier) -> AsyncIterator[MediaRelay]:
    async with MediaRelay(redis, settings_for(carrier.url)) as one:
        yield one


def last_part(url: str) -> str:
    return url.rpartition("/")[2]


async def test_a_picture_is_offered_at_the_gateway_without_what_identifies(
    room: MediaRelay, shelf: Shelf
) -> None:
    assert MARK in shelf.files["/a"]
    prepared = await room.prepare(shelf.text("/a"))
    [url] = prepared.urls
    assert prepared.refused == 0
    assert url.startswith(f"{GATEWAY}/media/")
    assert url.endswith(".jpg")
    media = await room.get(last_part(url))
    assert media.content_type == "image/jpeg"
    assert MARK not in media.content
    assert Image.open(BytesIO(media.content)).size == (32, 16)


async def test_a_text_without_files_asks_nobody(room: MediaRelay, shelf: Shelf) -> None:
    prepared = await room.prepare(shelf.text())
    assert (prepared.urls, prepared.refused) == ((), 0)


async def test_the_same_text_is_offered_under_the_same_addresses_and_nothing_is_fetched_twice(
    room: MediaRelay, shelf: Shelf
) -> None:
    first = await room.prepare(shelf.text("/a", "/vcard", "/b"))
    again = await room.prepare(shelf.text("/a", "/vcard", "/b"))
    assert first == again
    assert len(first.urls) == 2
    assert first.refused == 1
    assert shelf.asked == ["/a", "/vcard", "/b"]


async def test_a_file_that_is_kept_no_more_is_fetched_again(
    room: MediaRelay, shelf: Shelf, redis: Redis
) -> None:
    first = await room.prepare(shelf.text("/a"))
    await redis.flushall()
    with pytest.raises(MediaNotFound):
        await room.get(last_part(first.urls[0]))
    assert await room.prepare(shelf.text("/a")) == first
    await room.get(last_part(first.urls[0]))
    await redis.delete(*[key async for key in redis.scan_iter("*:file")])
    assert await room.prepare(shelf.text("/a")) == first
    await room.get(last_part(first.urls[0]))
    assert shelf.asked == ["/a"] * 3


async def test_everything_is_forgotten_an_hour_after_it_was_last_offered(
    room: MediaRelay, shelf: Shelf, redis: Redis
) -> None:
    async def spans() -> list[int]:
        return [await redis.pttl(key) for key in await redis.keys()]

    await room.prepare(shelf.text("/a", "/b", "/vcard"))
    assert len(await spans()) == 3
    assert all(0 < span <= KEEP_MS for span in await spans())
    for key in await redis.keys():
        await redis.pexpire(key, 1_000_000)
    await room.prepare(shelf.text("/a", "/b", "/vcard"))
    assert all(1_000_000 < span <= KEEP_MS for span in await spans())


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/gone", 1), ("/vcard", 1), ("/amr", 1), ("http://127.0.0.2:8090/a", 0), ("ftp://a/a", 0)],
)
async def test_what_will_never_be_passed_on_is_counted(
    room: MediaRelay, shelf: Shelf, path: str, asked: int
) -> None:
    prepared = await room.prepare(shelf.text("/b", path))
    assert (len(prepared.urls), prepared.refused) == (1, 1)
    assert len(shelf.asked) == 1 + asked


async def test_the_policy_of_the_pool_is_kept(room: MediaRelay, shelf: Shelf) -> None:
    nothing = await room.prepare(shelf.text("/a", "/amr", policy=AttachmentPolicy.NONE))
    assert (nothing.urls, nothing.refused) == ((), 2)
    assert shelf.asked == []
    everything = await room.prepare(shelf.text("/a", "/amr", policy=AttachmentPolicy.ALL))
    assert everything.refused == 0
    assert (await room.get(last_part(everything.urls[1]))).content == AMR
    assert everything.urls[1].endswith(".amr")


async def test_a_layout_is_dropped_without_a_word(room: MediaRelay, shelf: Shelf) -> None:
    prepared = await room.prepare(shelf.text("/smil", kind="application/smil"))
    assert (prepared.urls, prepared.refused) == ((), 0)
    assert shelf.asked == []


async def test_many_large_pictures_fit_together(room: MediaRelay, shelf: Shelf) -> None:
    shelf.files["/large"] = noisy()
    assert len(shelf.files["/large"]) > TOTAL_LIMIT_BYTES
    prepared = await room.prepare(shelf.text("/large", "/a", "/large"))
    sizes = [len((await room.get(last_part(url))).content) for url in prepared.urls]
    assert len(sizes) == 3
    assert sum(sizes) <= TOTAL_LIMIT_BYTES
    # The small one leaves its share to the last one.
    assert sizes[2] > TOTAL_LIMIT_BYTES // 4


async def test_what_may_come_later_is_tried_again_and_only_that(
    room: MediaRelay, shelf: Shelf
) -> None:
    shelf.failing.add("/a")
    with pytest.raises(MediaUnavailable) as later:
        await room.prepare(shelf.text("/a", "/b"))
    assert later.value.retry_after
    assert later.value.reason == "CARRIER_UNAVAILABLE"
    shelf.failing.clear()
    prepared = await room.prepare(shelf.text("/a", "/b"))
    assert len(prepared.urls) == 2
    assert shelf.asked == ["/a", "/b", "/a"]


async def test_a_file_that_never_comes_is_refused_in_the_end(
    room: MediaRelay, shelf: Shelf
) -> None:
    shelf.failing.add("/a")
    for _ in range(TRIES_LIMIT - 1):
        with pytest.raises(MediaUnavailable):
            await room.prepare(shelf.text("/a", "/b"))
    prepared = await room.prepare(shelf.text("/a", "/b"))
    assert (len(prepared.urls), prepared.refused) == (1, 1)
    assert await room.prepare(shelf.text("/a", "/b")) == prepared
    assert shelf.asked.count("/a") == TRIES_LIMIT


async def test_a_store_that_hangs_holds_no_text_up_for_long(
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


@pytest.mark.parametrize("token", ["", "a", "a" * 43, f"{'a' * 43}.jpg", "*", "../" * 20, "é" * 43])
async def test_what_is_not_kept_is_not_found(room: MediaRelay, token: str) -> None:
    with pytest.raises(MediaNotFound):
        await room.get(token)


async def test_a_copy_of_redis_opens_nothing_and_names_nobody(
    room: MediaRelay, shelf: Shelf, redis: Redis
) -> None:
    shelf.files["/amr"] += b"PLAIN-WORDS"
    prepared = await room.prepare(shelf.text("/amr", "/a", policy=AttachmentPolicy.ALL))
    copied = {str(key, "ascii"): await redis.get(key) async for key in redis.scan_iter("*", 100)}
    known = (
        shelf.carrier.url,
        ALICE[1:],
        MASKED[1:],
        *(last_part(url)[:12] for url in prepared.urls),
    )
    for told in ("PLAIN-WORDS", "JFIF", *known):
        assert told not in str(copied)
    # Names in Redis are no addresses, whole or in part.
    for key in copied:
        for guess in (key, key.partition("{")[2].partition("}")[0]):
            with pytest.raises(MediaNotFound):
                await room.get(guess)


async def test_another_secret_leads_to_other_addresses(
    room: MediaRelay, shelf: Shelf, redis: Redis
) -> None:
    first = await room.prepare(shelf.text("/a"))
    async with MediaRelay(redis, settings_for(shelf.carrier.url, ANOTHER)) as other:
        second = await other.prepare(shelf.text("/a"))
        assert first.urls != second.urls
        # Whoever has an address has the file, whichever replica is asked.
        assert await other.get(last_part(first.urls[0])) == await room.get(last_part(first.urls[0]))


async def test_a_picture_that_is_handed_in_again_under_another_key_is_not_kept_twice(
    room: MediaRelay, shelf: Shelf, redis: Redis
) -> None:
    text = shelf.text("/a", "/b")
    shelf.failing.add("/b")
    with pytest.raises(MediaUnavailable):
        await room.prepare(text)
    shelf.failing.clear()
    [kept] = [key async for key in redis.scan_iter("*:file")]
    await redis.pexpire(kept, 1_000_000)
    settings = settings_for(shelf.carrier.url, ANOTHER, former=ONE)
    async with MediaRelay(redis, settings) as replaced:
        prepared = await replaced.prepare(text)
        assert await replaced.prepare(text) == prepared
        for url in prepared.urls:
            assert (await replaced.get(last_part(url))).content_type == "image/jpeg"
    assert shelf.asked == ["/a", "/b", "/b"]
    assert await redis.pttl(kept) > 1_000_000
    assert len([key async for key in redis.scan_iter("*:file")]) == 2
    # The one kept before stays where it was; what came after has an address of the new key.
    addresses = [token_of(last_part(url)) for url in prepared.urls]
    assert addresses[0] == MediaUrls(ONE).tokens("m1", 0)[0]
    assert addresses[1] == MediaUrls(ANOTHER).tokens("m1", 1)[0]


async def test_replicas_that_change_their_keys_one_by_one_offer_the_same_addresses(
    redis: Redis, shelf: Shelf
) -> None:
    url = shelf.carrier.url
    async with (
        MediaRelay(redis, settings_for(url, ONE, former=ANOTHER)) as not_yet,
        MediaRelay(redis, settings_for(url, ANOTHER, former=ONE)) as changed,
    ):
        first = await changed.prepare(shelf.text("/a"))
        assert await not_yet.prepare(shelf.text("/a")) == first
        assert await changed.prepare(shelf.text("/a")) == first
    assert shelf.asked == ["/a"]


async def test_the_record_of_a_texts_files_holds_no_part_of_an_address(
    room: MediaRelay, shelf: Shelf, redis: Redis
) -> None:
    prepared = await room.prepare(shelf.text("/a"))
    await room.prepare(shelf.text("/a"))
    record = await redis.get(keys.media("m1"))
    assert record is not None
    assert str(token_of(last_part(prepared.urls[0]))) not in str(record)


async def test_a_redis_that_does_not_answer_is_told(
    redis: Redis, redis_url: str, shelf: Shelf
) -> None:
    async with redis_relay(redis_url) as relay:
        gone = open_redis(relay.url, retries=0)
        async with MediaRelay(gone, settings_for(shelf.carrier.url)) as room:
            url = (await room.prepare(shelf.text("/a"))).urls[0]
            await relay.cut()
            with pytest.raises(BackendUnavailable):
                await room.prepare(shelf.text("/a"))
            with pytest.raises(BackendUnavailable):
                await room.get(last_part(url))
        await gone.aclose()


async def test_what_is_refused_is_logged_without_its_address(
    room: MediaRelay, shelf: Shelf
) -> None:
    shelf.failing.add("/hunter2")
    with structlog.testing.capture_logs() as logs, pytest.raises(MediaUnavailable):
        await room.prepare(shelf.text("/vcard", "/hunter2"))
    assert [(log["event"], log["file"]) for log in logs] == [
        ("file_refused", 0),
        ("file_not_fetched", 1),
    ]
    assert "hunter2" not in str(logs)
    assert "127.0.0.1" not in str(logs)
