"""Files are stored encrypted, for a short time, under URLs that the ledger key determines."""

import pytest
from integration.messaging.media.conftest import ANOTHER, ONE, Shelf, last_part, settings_for
from redis.asyncio import Redis

from messaging_service.media.relay import MediaRelay
from messaging_service.media.store import KEEP_MS
from messaging_service.media.urls import MediaUrls, token_of
from messaging_service.model.errors import BackendUnavailable, MediaNotFound, MediaUnavailable
from messaging_service.model.message import AttachmentPolicy
from runtime.redis.client import open_redis
from support.redis.redis_relay import redis_relay
from support.services.messaging_service import ALICE, MASKED


async def test_a_file_that_has_expired_is_fetched_again(
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
    assert shelf.paths == ["/a"] * 3


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


async def test_a_copy_of_redis_decrypts_no_file_and_contains_no_number(
    room: MediaRelay, shelf: Shelf, redis: Redis
) -> None:
    shelf.files["/amr"] += b"PLAIN-WORDS"
    for _ in range(2):
        prepared = await room.prepare(shelf.text("/amr", "/a", policy=AttachmentPolicy.ALL))
    copied = {str(key, "ascii"): await redis.get(key) async for key in redis.scan_iter("*", 100)}
    tokens = [last_part(url)[:12] for url in prepared.urls]
    secrets = ("PLAIN-WORDS", "JFIF", shelf.carrier.url, ALICE[1:], MASKED[1:], *tokens)
    for secret in secrets:
        assert secret not in str(copied)
    # No key in Redis is a token, whole or in part.
    for key in copied:
        for guess in (key, key.partition("{")[2].partition("}")[0]):
            with pytest.raises(MediaNotFound):
                await room.get(guess)


async def test_a_picture_that_is_sent_again_under_another_key_is_not_stored_twice(
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
    assert shelf.paths == ["/a", "/b", "/b"]
    assert await redis.pttl(kept) > 1_000_000
    assert len([key async for key in redis.scan_iter("*:file")]) == 2
    # The file kept before stays under its token; the later one has a token of the new key.
    tokens = [token_of(last_part(url)) for url in prepared.urls]
    assert tokens[0] == MediaUrls(ONE).tokens("m1", 0)[0]
    assert tokens[1] == MediaUrls(ANOTHER).tokens("m1", 1)[0]


async def test_without_redis_the_backend_is_unavailable(
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
