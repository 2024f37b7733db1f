"""A new connection to Redis uses renewed certificates and passwords; nobody starts again."""

import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from bench.systems.redis_servers import with_tls
from runtime.redis.client import RedisAccess, is_reachable, open_redis
from runtime.reloading import ConfigFileError
from runtime.tls import TlsFiles
from support.certificates import Authority, replace
from support.encrypted_redis import EncryptedRedis, TlsServer, encrypted

USER = "renewed"


class Ends:
    """Both ends of the link: where Redis's certificate lies, and the client's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.renew()

    def renew(self) -> None:
        """Both under a new authority: a former certificate is worth nothing at either end."""
        authority = Authority()
        self.redis = authority.files(self._folder / "redis", "redis.example")
        self.own = authority.files(self._folder / "own", "own.example")

    def access(self, url: str) -> RedisAccess:
        """How the client gets in."""
        own = self.own
        return RedisAccess(SecretStr(url), None, None, own.authority, own.certificate, own.key)


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    return Ends(tmp_path)


@pytest.fixture(scope="session")
def tls_program() -> str:
    """A server that speaks TLS, if one is on the PATH."""
    return with_tls()


@pytest.fixture(params=["in front of the embedded server", "of a server itself"])
async def front(
    request: pytest.FixtureRequest, redis: Redis, redis_url: str, ends: Ends, tls_program: str
) -> AsyncIterator[EncryptedRedis]:
    """TLS, as a deployment has it."""
    if request.param == "in front of the embedded server":
        async with encrypted(redis_url, ends.redis) as running:
            yield running
    elif tls_program:
        with ExitStack() as held:
            yield TlsServer(held, tls_program, ends.redis)
    else:
        pytest.skip("no valkey-server or redis-server that speaks TLS is on the PATH")


async def test_a_connection_that_is_made_again_uses_the_renewed_files(
    front: EncryptedRedis, ends: Ends
) -> None:
    async with open_redis(ends.access(front.url)) as client:
        assert await client.set("kept", "1")
        ends.renew()
        front.show(ends.redis)
        # The connection that is there stays as it is.
        assert await client.get("kept") == b"1"
        front.cut()
        assert await client.get("kept") == b"1"


async def test_a_second_connection_uses_the_renewed_files_while_the_first_one_stays(
    front: EncryptedRedis, ends: Ends
) -> None:
    async with open_redis(ends.access(front.url), retries=0) as client, client.client() as first:
        await first.ping()
        ends.renew()
        front.show(ends.redis)
        async with client.client() as second:
            assert await second.ping()
            assert await first.ping()


async def test_files_that_cannot_be_used_leave_the_former_ones_and_are_told_once(
    front: EncryptedRedis, ends: Ends
) -> None:
    async with open_redis(ends.access(front.url)) as client:
        with structlog.testing.capture_logs() as logs:
            replace(ends.own.key, b"nonsense")
            for _ in range(3):
                front.cut()
                assert await client.ping()
        assert [one["event"] for one in logs] == ["files_not_reloaded"]
        ends.renew()
        front.show(ends.redis)
        front.cut()
        assert await client.ping()


async def test_the_systems_authorities_are_not_trusted_beside_one_of_ones_own(
    front: EncryptedRedis, ends: Ends, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Redis shows a certificate that the system trusts, say a public one."""
    stranger = Authority("stranger").files(tmp_path / "stranger", "own.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(ends.own.authority))
    own = TlsFiles(ends.own.certificate, ends.own.key, stranger.authority)
    access = RedisAccess(SecretStr(front.url), None, None, own.authority, own.certificate, own.key)
    async with open_redis(access, retries=0) as client:
        assert not await is_reachable(client)
    system = RedisAccess(SecretStr(front.url), None, None, None, own.certificate, own.key)
    async with open_redis(system, retries=0) as client:
        assert await is_reachable(client)


async def test_all_connections_of_a_client_share_what_was_read(
    front: EncryptedRedis, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []
    original = ssl.create_default_context

    def counted(*arguments: object, **options: object) -> ssl.SSLContext:
        made.append(original(*arguments, **options))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    async with open_redis(ends.access(front.url)) as client:
        for _ in range(3):
            assert await client.ping()
            front.cut()
    assert len(made) == 1


def test_files_that_cannot_be_used_at_the_start_are_named_and_not_shown(ends: Ends) -> None:
    replace(ends.own.key, b"nonsense")
    with pytest.raises(ConfigFileError, match=r"own\.key cannot be used for Redis") as refused:
        open_redis(ends.access("rediss://127.0.0.1:1/0"))
    assert "nonsense" not in str(refused.value)


async def _set_password(redis: Redis, password: str) -> None:
    digest = sha256(password.encode()).hexdigest()
    await redis.acl_setuser(USER, enabled=True, reset=True, hashed_passwords=[f"+{digest}"])
    await redis.acl_setuser(USER, enabled=True, commands=["+ping", "+select"])


@pytest.fixture
async def password_file(redis: Redis, tmp_path: Path) -> AsyncIterator[Path]:
    """With the password that the user has at the beginning."""
    await _set_password(redis, "first")
    file = tmp_path / "password"
    replace(file, b"first\n")
    yield file
    await redis.acl_deluser(USER)


async def test_a_connection_that_is_made_again_uses_the_renewed_password(
    redis: Redis, redis_url: str, password_file: Path
) -> None:
    url = SecretStr(redis_url.replace("redis://", f"redis://{USER}@"))
    access = RedisAccess(url, SecretStr("first"), password_file)
    async with open_redis(access) as client:
        assert await client.ping()
        await _set_password(redis, "second")
        await redis.client_kill_filter(user=USER)
        with pytest.raises(AuthenticationError):
            await client.ping()
        replace(password_file, b"second\n")
        assert await client.ping()
        assert "second" not in repr(client) + repr(client.connection_pool)


async def test_a_file_without_a_password_leaves_the_former_one(
    redis: Redis, redis_url: str, password_file: Path
) -> None:
    url = SecretStr(redis_url.replace("redis://", f"redis://{USER}@"))
    async with open_redis(RedisAccess(url, SecretStr("first"), password_file)) as client:
        assert await client.ping()
        replace(password_file, b"\n")
        await redis.client_kill_filter(user=USER)
        assert await client.ping()


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_password_is_refused_at_the_start(tmp_path: Path, content: bytes) -> None:
    replace(tmp_path / "password", content)
    access = RedisAccess(SecretStr("redis://127.0.0.1:1/0"), None, tmp_path / "password")
    with pytest.raises(ConfigFileError, match="must hold Redis's password"):
        open_redis(access)
