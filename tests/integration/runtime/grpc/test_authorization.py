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
from support.eventually import eventually
from support.net.certificates import Authority, replace
from support.net.grpc_calls import is_serving, reason

DOMAIN = "tests.maskline"
ROLES = ("admin", "guest")
PERMISSIONS = Permissions(
    {"/S/Unary": {"admin", "guest"}, "/S/Stream": {"admin", "guest"}, "/S/Whole": ROLES},
    pool_scoped={"guest"},
)
# The reasons of refused calls, and the names of their codes.
UNKNOWN, DENIED = "UNAUTHENTICATED", "PERMISSION_DENIED"
ADMIN, GUEST, EVERYWHERE = "admin's token", "guest's token", "token for all pools"


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


CALLERS = f"""
callers = [
    {{token_sha256 = "{hashed(ADMIN)}", role = "admin"}},
    {{token_sha256 = "{hashed(GUEST)}", role = "guest", pools = ["main"]}},
    {{token_sha256 = "{hashed(EVERYWHERE)}", role = "guest", pools = ["*"]}},
    {{certificate = "guest.example", role = "guest", pools = ["main"]}},
    {{certificate = "spiffe://maskline/admin", role = "admin"}},
]
"""


@pytest.fixture
def callers_file(tmp_path: Path) -> Path:
    """Callers of two roles, by certificate and by token."""
    path = tmp_path / "callers.toml"
    path.write_text(CALLERS)
    return path


def security(
    callers: Path, tls: TlsFiles | None = None, permissions: Permissions = PERMISSIONS
) -> ServerSecurity:
    """The security of a service with this file of callers."""
    settings = ServerSettings(
        tls_certificate_file=tls and tls.certificate,
        tls_key_file=tls and tls.key,
        tls_ca_file=tls and tls.authority,
        callers_file=callers,
    )
    return server_security(settings, permissions, ROLES, domain=DOMAIN)


@asynccontextmanager
async def authorizing(
    callers: Path, token: str | None, permissions: Permissions = PERMISSIONS
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server with authorization, with a token or none."""
    credentials = Credentials(token=SecretStr(token) if token is not None else None)
    async with (
        echoing(security(callers, None, permissions)) as port,
        open_channel(f"127.0.0.1:{port}", [], credentials) as channel,
    ):
        yield channel


async def error_of(call: Awaitable[object]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    code = reason(error.value, DOMAIN)
    assert error.value.code() is grpc.StatusCode[code]
    return code


@pytest.mark.parametrize("token", [None, "a wrong token", ""])
async def test_an_unknown_caller_may_only_ask_for_health(
    callers_file: Path, token: str | None
) -> None:
    async with authorizing(callers_file, token) as channel:
        assert await error_of(ask(channel)) == UNKNOWN
        assert await error_of(watch(channel)) == UNKNOWN
        assert await is_serving(channel, "S")


async def test_a_role_may_call_its_methods_and_no_other(callers_file: Path) -> None:
    async with authorizing(callers_file, ADMIN) as channel:
        for method in ("Unary", "Whole"):
            assert (await ask(channel, method, pool_id="any"))["role"] == "admin"
        assert [response["role"] for response in await watch(channel)] == ["admin", "admin"]
    async with authorizing(callers_file, ADMIN, Permissions({})) as channel:
        assert await error_of(ask(channel)) == DENIED
        assert await error_of(watch(channel)) == DENIED


async def test_a_confined_role_is_limited_to_its_own_pools(callers_file: Path) -> None:
    async with authorizing(callers_file, GUEST) as channel:
        assert (await ask(channel, pool_id="main"))["role"] == "guest"
        assert len(await watch(channel, pool_id="main")) == 2
        for pool in ("other", "", "*"):
            assert await error_of(ask(channel, pool_id=pool)) == DENIED
            assert await error_of(watch(channel, pool_id=pool)) == DENIED


async def test_a_request_without_a_pool_needs_the_permission_for_every_pool(
    callers_file: Path,
) -> None:
    async with authorizing(callers_file, GUEST) as channel:
        assert await error_of(ask(channel, "Whole")) == DENIED
    async with authorizing(callers_file, EVERYWHERE) as channel:
        assert (await ask(channel, "Whole"))["role"] == "guest"
        assert (await ask(channel, pool_id="any"))["role"] == "guest"


@pytest.mark.parametrize(
    ("name", "uri", "common_name", "token", "role"),
    [
        ("guest.example", "", "anybody", None, "guest"),
        ("", "spiffe://maskline/admin", "anybody", None, "admin"),
        # A common name counts only without another name.
        ("", "", "guest.example", None, "guest"),
        ("x.example", "", "guest.example", None, None),
        # A token outranks the certificate.
        ("guest.example", "", "anybody", ADMIN, "admin"),
        ("guest.example", "", "anybody", "a wrong token", None),
    ],
)
async def test_a_caller_is_identified_by_its_token_or_certificate(
    callers_file: Path,
    tmp_path: Path,
    name: str,
    uri: str,
    common_name: str,
    token: str | None,
    role: str | None,
) -> None:
    authority = Authority()
    server = authority.files(tmp_path / "server", "server.example")
    client = authority.files(tmp_path / "client", name, uri=uri, common_name=common_name)
    credentials = Credentials(client, SecretStr(token) if token else None)
    async with (
        echoing(security(callers_file, server)) as port,
        open_channel(f"127.0.0.1:{port}", [], credentials) as channel,
    ):
        if role:
            assert (await ask(channel))["role"] == role
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
        ('[[callers]]\ncertificate = "a"\nrole = "guest"\n' * 2, "callers.1: has the same"),
        (None, "cannot be read: FileNotFoundError"),
    ],
)
def test_a_malformed_file_of_callers_is_refused_without_repeating_it(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "callers.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigFileError) as error:
        security(path)
    assert message in str(error.value)
    assert "hunter2" not in str(error.value)
