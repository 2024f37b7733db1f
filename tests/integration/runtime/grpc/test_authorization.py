"""Authorization by certificate and by token, on real servers."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from integration.runtime.echo import ask, echoing, watch
from pydantic import SecretStr

from runtime.grpc.authorization import Permissions
from runtime.grpc.client import Credentials, open_channel
from runtime.grpc.security import ServerSecurity, server_security
from runtime.reloading import ConfigFileError
from runtime.settings.server import ServerSettings
from runtime.tls import TlsFiles
from support.certificates import Authority, replace
from support.eventually import eventually
from support.grpc_calls import is_serving, reason

DOMAIN = "tests.maskline"
ROLES = ("admin", "guest")
PERMISSIONS = Permissions(
    {"/S/Unary": {"admin", "guest"}, "/S/Stream": {"admin", "guest"}, "/S/Whole": ROLES},
    pool_scoped={"guest"},
)
UNKNOWN, DENIED = "UNAUTHENTICATED", "PERMISSION_DENIED"
CODES = {
    UNKNOWN: grpc.StatusCode.UNAUTHENTICATED,
    DENIED: grpc.StatusCode.PERMISSION_DENIED,
}
ADMIN, GUEST, EVERYWHERE = "admin's token", "guest's token", "token for all pools"


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


CALLERS = f"""
[[callers]]
token_sha256 = "{hashed(ADMIN)}"
role = "admin"

[[callers]]
token_sha256 = "{hashed(GUEST)}"
role = "guest"
pools = ["main"]

[[callers]]
token_sha256 = "{hashed(EVERYWHERE)}"
role = "guest"
pools = ["*"]

[[callers]]
certificate = "guest.example"
role = "guest"
pools = ["main"]

[[callers]]
certificate = "spiffe://maskline/admin"
role = "admin"
"""


@pytest.fixture
def callers_file(tmp_path: Path) -> Path:
    """Callers of two roles, by certificate and by token."""
    path = tmp_path / "callers.toml"
    path.write_text(CALLERS)
    return path


def security(callers: Path, tls: TlsFiles | None = None) -> ServerSecurity:
    """The security of a service with this file of callers."""
    settings = ServerSettings(
        tls_certificate_file=tls and tls.certificate,
        tls_key_file=tls and tls.key,
        tls_ca_file=tls and tls.authority,
        callers_file=callers,
    )
    return server_security(settings, PERMISSIONS, ROLES, domain=DOMAIN)


@asynccontextmanager
async def authorizing(callers: Path, token: str | None) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server with authorization, with a token or none."""
    credentials = Credentials(token=SecretStr(token) if token is not None else None)
    async with (
        echoing(security(callers)) as port,
        open_channel(f"127.0.0.1:{port}", [], credentials) as channel,
    ):
        yield channel


async def error_of(call: Awaitable[object]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    found = reason(error.value, DOMAIN)
    assert error.value.code() is CODES[found]
    return found


@pytest.mark.parametrize("token", [None, "a wrong token", ""])
async def test_an_unknown_caller_may_only_ask_for_health(
    callers_file: Path, token: str | None
) -> None:
    async with authorizing(callers_file, token) as channel:
        assert await error_of(ask(channel)) == UNKNOWN
        assert await error_of(watch(channel)) == UNKNOWN
        assert await is_serving(channel, "S")


async def test_a_role_may_call_its_methods(callers_file: Path) -> None:
    async with authorizing(callers_file, ADMIN) as channel:
        for method in ("Unary", "Whole"):
            assert (await ask(channel, method, pool="any"))["role"] == "admin"
        assert [response["role"] for response in await watch(channel)] == ["admin", "admin"]


async def test_a_method_that_is_not_listed_is_denied(callers_file: Path) -> None:
    settings = ServerSettings(callers_file=callers_file)
    closed = server_security(settings, Permissions({}), ROLES, domain=DOMAIN)
    admin = Credentials(token=SecretStr(ADMIN))
    async with echoing(closed) as port, open_channel(f"127.0.0.1:{port}", [], admin) as channel:
        assert await error_of(ask(channel)) == DENIED
        assert await error_of(watch(channel)) == DENIED


async def test_a_confined_role_is_limited_to_its_own_pools(callers_file: Path) -> None:
    async with authorizing(callers_file, GUEST) as channel:
        assert (await ask(channel, pool="main"))["role"] == "guest"
        assert len(await watch(channel, pool="main")) == 2
        for pool in ("other", "", "*"):
            assert await error_of(ask(channel, pool=pool)) == DENIED
            assert await error_of(watch(channel, pool=pool)) == DENIED


async def test_a_request_without_a_pool_needs_the_permission_for_every_pool(
    callers_file: Path,
) -> None:
    async with authorizing(callers_file, GUEST) as channel:
        assert await error_of(ask(channel, "Whole")) == DENIED
    async with authorizing(callers_file, EVERYWHERE) as channel:
        assert (await ask(channel, "Whole"))["role"] == "guest"
        assert (await ask(channel, pool="any"))["role"] == "guest"


@pytest.mark.parametrize(
    ("name", "uri", "common_name", "role"),
    [
        ("guest.example", "", "anybody", "guest"),
        ("", "spiffe://maskline/admin", "anybody", "admin"),
        # A common name counts only without another name.
        ("", "", "guest.example", "guest"),
        ("x.example", "", "guest.example", None),
    ],
)
async def test_a_caller_is_identified_by_its_certificate(
    callers_file: Path, tmp_path: Path, name: str, uri: str, common_name: str, role: str | None
) -> None:
    authority = Authority()
    server = authority.files(tmp_path / "server", "server.example")
    client = authority.files(tmp_path / "client", name, uri=uri, common_name=common_name)
    async with (
        echoing(security(callers_file, server)) as port,
        open_channel(f"127.0.0.1:{port}", [], Credentials(client)) as channel,
    ):
        if role:
            assert (await ask(channel))["role"] == role
        else:
            assert await error_of(ask(channel)) == UNKNOWN


async def test_a_token_outranks_the_certificate(callers_file: Path, tmp_path: Path) -> None:
    authority = Authority()
    server = authority.files(tmp_path / "server", "server.example")
    client = authority.files(tmp_path / "client", "guest.example")
    async with echoing(security(callers_file, server)) as port:
        for token, expected in ((ADMIN, "admin"), ("a wrong token", "")):
            credentials = Credentials(client, SecretStr(token))
            async with open_channel(f"127.0.0.1:{port}", [], credentials) as channel:
                if expected:
                    assert (await ask(channel))["role"] == expected
                else:
                    assert await error_of(ask(channel)) == UNKNOWN


async def test_a_changed_file_of_callers_is_used_without_a_restart(callers_file: Path) -> None:
    async with authorizing(callers_file, "a new token") as channel:
        assert await error_of(ask(channel)) == UNKNOWN
        replace(callers_file, CALLERS.replace(hashed(ADMIN), hashed("a new token")).encode())

        async def is_admitted() -> bool:
            try:
                return (await ask(channel))["role"] == "admin"
            except grpc.aio.AioRpcError:
                return False

        await eventually(is_admitted)


async def test_a_refused_call_is_logged_without_its_credentials(
    callers_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with authorizing(callers_file, "a wrong token") as channel:
        await error_of(ask(channel))
    logged = capsys.readouterr().out
    assert "call_refused" in logged
    assert "/S/Unary" in logged
    assert "a wrong token" not in logged


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "callers: Field required"),
        ("callers = []", "callers: List should have at least 1 item"),
        ("callers = [{", "cannot be read: TOMLDecodeError"),
        ('[[callers]]\nrole = "guest"', "give either certificate or token_sha256"),
        ('[[callers]]\ncertificate = "a"\nrole = "gust"', "callers.0.role: one of admin, guest"),
        ('[[callers]]\ntoken_sha256 = "hunter2"\nrole = "guest"', "callers.0.token_sha256"),
        ('[[callers]]\ncertificate = "a"\nrole = "guest"\npool = "m"', "callers.0.pool"),
        (
            '[[callers]]\ncertificate = "a"\nrole = "guest"\n' * 2,
            "callers.1: has the same",
        ),
    ],
)
def test_a_malformed_file_of_callers_is_refused_without_repeating_it(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "callers.toml"
    path.write_text(content)
    with pytest.raises(ConfigFileError) as error:
        security(path)
    assert message in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_missing_file_of_callers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="cannot be read: FileNotFoundError"):
        security(tmp_path / "nowhere.toml")
