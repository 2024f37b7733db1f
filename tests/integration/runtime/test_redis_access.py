"""How Redis is reached: encrypted, with a certificate where it asks for one, as a user."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from runtime.redis_client import RedisAccess, answers, open_redis
from runtime.tls import TlsFiles
from support.certificates import Authority

PASSWORD = "hunter2"
PIECE_BYTES = 65_536


@asynccontextmanager
async def encrypted(redis_url: str, files: TlsFiles) -> AsyncIterator[str]:
    """Redis behind TLS, as stunnel would put it, that asks for a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files.authority)
    context.load_cert_chain(files.certificate, files.key)
    context.verify_mode = ssl.CERT_REQUIRED
    parts = urlsplit(redis_url)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(parts.hostname, parts.port)
        await asyncio.gather(_copy(reader, forth), _copy(back, writer))

    server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(PIECE_BYTES):
            target.write(piece)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()


async def test_redis_is_spoken_to_through_tls_with_a_certificate(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    authority = Authority()
    own = authority.files(tmp_path / "own", "own.example")
    async with encrypted(redis_url, authority.files(tmp_path / "redis", "redis.example")) as url:
        shown = RedisAccess(SecretStr(url), None, own.authority, own.certificate, own.key)
        async with open_redis(shown) as client:
            assert await answers(client)
        bare = RedisAccess(SecretStr(url), authority=own.authority)
        async with open_redis(bare, retries=0) as client:
            assert not await answers(client)


async def test_a_redis_of_another_authority_is_not_spoken_to(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    own = Authority().files(tmp_path / "own", "own.example")
    impostor = Authority("stranger").files(tmp_path / "redis", "redis.example")
    async with encrypted(redis_url, impostor) as url:
        access = RedisAccess(SecretStr(url), None, own.authority, own.certificate, own.key)
        async with open_redis(access, retries=0) as client:
            assert not await answers(client)


async def test_a_password_from_its_own_setting_joins_the_urls_user(
    redis: Redis, redis_url: str
) -> None:
    digest = sha256(PASSWORD.encode()).hexdigest()
    await redis.acl_setuser("joined", enabled=True, reset=True, hashed_passwords=[f"+{digest}"])
    await redis.acl_setuser("joined", enabled=True, commands=["+ping"])
    url = SecretStr(redis_url.replace("redis://", "redis://joined@"))
    try:
        async with open_redis(RedisAccess(url, SecretStr(PASSWORD))) as client:
            assert await client.ping()
        async with open_redis(RedisAccess(url, SecretStr("wrong")), retries=0) as client:
            with pytest.raises(AuthenticationError):
                await client.ping()
    finally:
        await redis.acl_deluser("joined")


def test_no_repr_holds_the_password() -> None:
    access = RedisAccess(SecretStr("redis://joined@127.0.0.1:1/0"), SecretStr(PASSWORD))
    client = open_redis(access)
    assert PASSWORD not in repr(access) + repr(client) + repr(client.connection_pool)
