"""New connections to Redis use renewed certificates and passwords, without a restart."""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace as replace_field
from hashlib import sha256
from pathlib import Path
from unittest.mock import Mock

import pytest
import structlog
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from bench.systems.redis_servers import with_tls
from runtime.redis.client import RedisAccess, is_reachable, open_redis
from runtime.reloading import ConfigFileError
from support.net.certificates import Authority, replace
from support.redis.encrypted_redis import EncryptedRedis, TlsServer, encrypted

USER = "renewed"
# Set to 1, a missing server with TLS is a failure.
REQUIRED = "MASKLINE_REQUIRE_TLS_REDIS"


class Certificates:
    """The certificates of Redis and of its client."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.renew()

    def renew(self) -> None:
        """Replaces both by certificates of a new authority; the former ones are not trusted."""
        authority = Authority()
        self.redis = authority.files(self._folder / "redis", "redis.example")
        self.own = authority.files(self._folder / "own", "own.example")

    def access(self, url: str) -> RedisAccess:
        """The settings of the client."""
        own = self.own
        return RedisAccess(SecretStr(url), None, None, own.authority, own.certificate, own.key)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture(scope="session")
def tls_program() -> str:
    """A server with TLS on the PATH; empty if there is none, unless one is required."""
    program = with_tls()
    if not program and os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED} is set, and no server with TLS is on the PATH")
    return program


@pytest.fixture(params=["in front of the embedded server", "of a server itself"])
async def front(
    request: pytest.FixtureRequest,
    redis: Redis,
    redis_url: str,
    certificates: Certificates,
    tls_program: str,
) -> AsyncIterator[EncryptedRedis]:
    """Redis behind TLS, in the two ways of deployments."""
    if request.param == "in front of the embedded server":
        async with encrypted(redis_url, certificates.redis) as running:
            yield running
    elif tls_program:
        with ExitStack() as stack:
            yield TlsServer(stack, tls_program, certificates.redis)
    else:
        pytest.skip("no valkey-server or redis-server with TLS is on the PATH")


async def test_new_connections_use_the_renewed_files_and_existing_ones_stay(
    front: EncryptedRedis, certificates: Certificates
) -> None:
    async with open_redis(certificates.access(front.url)) as client, client.client() as first:
        assert await first.ping()
        certificates.renew()
        front.show(certificates.redis)
        async with client.client() as second:
            assert await second.ping()
        # The existing connection is not affected.
        assert await first.ping()
        front.cut()
        assert await first.ping()


async def test_malformed_files_are_logged_once_and_the_former_ones_stay(
    front: EncryptedRedis, certificates: Certificates
) -> None:
    async with open_redis(certificates.access(front.url)) as client:
        with structlog.testing.capture_logs() as logs:
            replace(certificates.own.key, b"malformed")
            for _ in range(3):
                front.cut()
                assert await client.ping()
        assert [line["event"] for line in logs] == ["files_not_reloaded"]
        certificates.renew()
        front.show(certificates.redis)
        front.cut()
        assert await client.ping()


async def test_with_an_own_authority_those_of_the_system_are_not_trusted(
    front: EncryptedRedis,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Redis has a certificate that the system trusts, such as a public one."""
    stranger = Authority("stranger").files(tmp_path / "stranger", "own.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.own.authority))
    own = certificates.access(front.url)
    for authority, reachable in ((stranger.authority, False), (None, True)):
        async with open_redis(replace_field(own, authority=authority), retries=0) as client:
            assert await is_reachable(client) is reachable


async def test_all_connections_of_a_client_share_one_context(
    front: EncryptedRedis, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_context = Mock(wraps=ssl.create_default_context)
    monkeypatch.setattr(ssl, "create_default_context", create_context)
    async with open_redis(certificates.access(front.url)) as client:
        for _ in range(3):
            assert await client.ping()
            front.cut()
    assert create_context.call_count == 1


def test_malformed_files_at_the_start_are_named_without_their_content(
    certificates: Certificates,
) -> None:
    replace(certificates.own.key, b"hunter2")
    with pytest.raises(ConfigFileError, match=r"own\.key cannot be used for Redis") as error:
        open_redis(certificates.access("rediss://127.0.0.1:1/0"))
    assert "hunter2" not in str(error.value)


async def _set_password(redis: Redis, password: str) -> None:
    digest = sha256(password.encode()).hexdigest()
    await redis.acl_setuser(USER, enabled=True, reset=True, hashed_passwords=[f"+{digest}"])
    await redis.acl_setuser(USER, enabled=True, commands=["+ping", "+select"])


@pytest.fixture
async def password_file(redis: Redis, tmp_path: Path) -> AsyncIterator[Path]:
    """A file with the user's first password."""
    await _set_password(redis, "first")
    file = tmp_path / "password"
    replace(file, b"first\n")
    yield file
    await redis.acl_deluser(USER)


async def test_a_reconnection_uses_the_renewed_password_and_ignores_an_empty_file(
    redis: Redis, redis_url: str, password_file: Path
) -> None:
    url = SecretStr(redis_url.replace("redis://", f"redis://{USER}@"))
    access = RedisAccess(url, SecretStr("first"), password_file)
    async with open_redis(access) as client:
        assert await client.ping()
        replace(password_file, b"\n")
        await redis.client_kill_filter(user=USER)
        assert await client.ping()
        await _set_password(redis, "second")
        await redis.client_kill_filter(user=USER)
        with pytest.raises(AuthenticationError):
            await client.ping()
        replace(password_file, b"second\n")
        assert await client.ping()
        assert "second" not in repr(client) + repr(client.connection_pool)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_an_empty_password_file_is_refused_at_the_start(tmp_path: Path, content: bytes) -> None:
    replace(tmp_path / "password", content)
    access = RedisAccess(SecretStr("redis://127.0.0.1:1/0"), None, tmp_path / "password")
    with pytest.raises(ConfigFileError, match="must hold Redis's password"):
        open_redis(access)
