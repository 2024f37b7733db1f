from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from runtime.redis.client import RedisAccess, is_reachable, open_redis
from support.net.certificates import Authority
from support.redis.encrypted_redis import encrypted

PASSWORD = "hunter2"


async def test_redis_and_its_client_check_each_others_certificates(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    authority = Authority()
    own = authority.files(tmp_path / "own", "own.example")
    trusted = authority.files(tmp_path / "redis", "redis.example")
    impostor = Authority("stranger").files(tmp_path / "impostor", "redis.example")
    for files, certificate, key, reachable in (
        (trusted, own.certificate, own.key, True),
        (trusted, None, None, False),
        (impostor, own.certificate, own.key, False),
    ):
        async with encrypted(redis_url, files) as front:
            access = RedisAccess(SecretStr(front.url), None, None, own.authority, certificate, key)
            async with open_redis(access, retries=0) as client:
                assert await is_reachable(client) is reachable


async def test_a_password_setting_belongs_to_the_user_of_the_url(
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


def test_no_repr_contains_the_password() -> None:
    access = RedisAccess(SecretStr("redis://joined@127.0.0.1:1/0"), SecretStr(PASSWORD))
    client = open_redis(access)
    assert PASSWORD not in repr(access) + repr(client) + repr(client.connection_pool)
