"""Who may call what: default deny, on real servers, by certificate and by token."""

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
ROLES = ("keeper", "guest")
# Nobody is given S/Whole but the keeper, who is not kept to pools.
RIGHTS = Permissions(
    {"/S/Unary": {"keeper", "guest"}, "/S/Stream": {"keeper", "guest"}, "/S/Whole": ROLES},
    confined={"guest"},
)
UNKNOWN, DENIED = "UNAUTHENTICATED", "PERMISSION_DENIED"
CODES = {
    UNKNOWN: grpc.StatusCode.UNAUTHENTICATED,
    DENIED: grpc.StatusCode.PERMISSION_DENIED,
}
KEEPER, GUEST, ROAMER = "keeper's token", "guest's token", "roamer's token"


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


CALLERS = f"""
[[callers]]
token_sha256 = "{hashed(KEEPER)}"
role = "keeper"

[[callers]]
token_sha256 = "{hashed(GUEST)}"
role = "guest"
pools = ["main"]

[[callers]]
token_sha256 = "{hashed(ROAMER)}"
role = "guest"
pools = ["*"]

[[callers]]
certificate = "guest.example"
role = "guest"
pools = ["main"]

[[callers]]
certificate = "spiffe://maskline/keeper"
role = "keeper"
"""


@pytest.fixture
def callers_file(tmp_path: Path) -> Path:
    """Two kinds of callers, known by certificates and tokens."""
    path = tmp_path / "callers.toml"
    path.write_text(CALLERS)
    return path


def door(callers: Path, tls: TlsFiles | None = None, *, reflects: bool = False) -> ServerSecurity:
    """As a service opens it."""
    settings = ServerSettings(
        tls_certificate_file=tls and tls.certificate,
        tls_key_file=tls and tls.key,
        tls_ca_file=tls and tls.authority,
        callers_file=callers,
        serves_reflection=reflects,
    )
    return server_security(settings, RIGHTS, ROLES, domain=DOMAIN)


@asynccontextmanager
async def guarded(callers: Path, token: str | None) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a guarded server, with a token or none."""
    shown = Credentials(token=SecretStr(token) if token is not None else None)
    async with (
        echoing(door(callers)) as port,
        open_channel(f"127.0.0.1:{port}", [], shown) as channel,
    ):
        yield channel


async def refusal_of(call: Awaitable[object]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    told = reason(refusal.value, DOMAIN)
    assert refusal.value.code() is CODES[told]
    return told


@pytest.mark.parametrize("token", [None, "a wrong token", ""])
async def test_who_is_not_known_is_refused_everywhere_but_may_ask_for_health(
    callers_file: Path, token: str | None
) -> None:
    async with guarded(callers_file, token) as channel:
        assert await refusal_of(ask(channel)) == UNKNOWN
        assert await refusal_of(watch(channel)) == UNKNOWN
        assert await is_serving(channel, "S")


async def test_a_role_may_call_what_the_table_gives_it(callers_file: Path) -> None:
    async with guarded(callers_file, KEEPER) as channel:
        for method in ("Unary", "Whole"):
            assert (await ask(channel, method, pool="any"))["role"] == "keeper"
        assert [one["role"] for one in await watch(channel)] == ["keeper", "keeper"]


async def test_a_method_without_a_row_is_nobodys(callers_file: Path) -> None:
    settings = ServerSettings(callers_file=callers_file)
    shut = server_security(settings, Permissions({}), ROLES, domain=DOMAIN)
    keeper = Credentials(token=SecretStr(KEEPER))
    async with echoing(shut) as port, open_channel(f"127.0.0.1:{port}", [], keeper) as channel:
        assert await refusal_of(ask(channel)) == DENIED
        assert await refusal_of(watch(channel)) == DENIED


async def test_a_confined_role_keeps_to_its_own_pools(callers_file: Path) -> None:
    async with guarded(callers_file, GUEST) as channel:
        assert (await ask(channel, pool="main"))["role"] == "guest"
        assert len(await watch(channel, pool="main")) == 2
        for pool in ("other", "", "*"):
            assert await refusal_of(ask(channel, pool=pool)) == DENIED
            assert await refusal_of(watch(channel, pool=pool)) == DENIED


async def test_what_is_about_no_single_pool_takes_the_right_to_every_pool(
    callers_file: Path,
) -> None:
    async with guarded(callers_file, GUEST) as channel:
        assert await refusal_of(ask(channel, "Whole")) == DENIED
    async with guarded(callers_file, ROAMER) as channel:
        assert (await ask(channel, "Whole"))["role"] == "guest"
        assert (await ask(channel, pool="any"))["role"] == "guest"


@pytest.mark.parametrize(
    ("name", "uri", "role"),
    [("guest.example", "", "guest"), ("", "spiffe://maskline/keeper", "keeper")],
)
async def test_a_certificate_names_its_caller(
    callers_file: Path, tmp_path: Path, name: str, uri: str, role: str
) -> None:
    authority = Authority()
    server = authority.files(tmp_path / "server", "server.example")
    client = authority.files(tmp_path / "client", name, uri=uri, common_name="anybody")
    async with (
        echoing(door(callers_file, server)) as port,
        open_channel(f"127.0.0.1:{port}", [], Credentials(client)) as channel,
    ):
        assert (await ask(channel))["role"] == role


async def test_a_common_name_counts_only_where_there_is_no_other_name(
    callers_file: Path, tmp_path: Path
) -> None:
    authority = Authority()
    server = authority.files(tmp_path / "server", "server.example")
    bare = authority.files(tmp_path / "bare", "", common_name="guest.example")
    named = authority.files(tmp_path / "named", "x.example", common_name="guest.example")
    async with echoing(door(callers_file, server)) as port:
        async with open_channel(f"127.0.0.1:{port}", [], Credentials(bare)) as channel:
            assert (await ask(channel))["role"] == "guest"
        async with open_channel(f"127.0.0.1:{port}", [], Credentials(named)) as channel:
            assert await refusal_of(ask(channel)) == UNKNOWN


async def test_who_shows_a_token_is_who_the_token_says(callers_file: Path, tmp_path: Path) -> None:
    authority = Authority()
    server = authority.files(tmp_path / "server", "server.example")
    client = authority.files(tmp_path / "client", "guest.example")
    async with echoing(door(callers_file, server)) as port:
        for token, expected in ((KEEPER, "keeper"), ("a wrong token", "")):
            shown = Credentials(client, SecretStr(token))
            async with open_channel(f"127.0.0.1:{port}", [], shown) as channel:
                if expected:
                    assert (await ask(channel))["role"] == expected
                else:
                    assert await refusal_of(ask(channel)) == UNKNOWN


async def test_callers_come_and_go_without_a_restart(callers_file: Path) -> None:
    async with guarded(callers_file, "a new token") as channel:
        assert await refusal_of(ask(channel)) == UNKNOWN
        replace(callers_file, CALLERS.replace(hashed(KEEPER), hashed("a new token")).encode())

        async def is_let_in() -> bool:
            try:
                return (await ask(channel))["role"] == "keeper"
            except grpc.aio.AioRpcError:
                return False

        await eventually(is_let_in)


async def test_a_refused_call_is_logged_without_what_was_shown(
    callers_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with guarded(callers_file, "a wrong token") as channel:
        await refusal_of(ask(channel))
    logged = capsys.readouterr().out
    assert "call_refused" in logged
    assert "/S/Unary" in logged
    assert "a wrong token" not in logged


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "callers: Field required"),
        ("callers = []", "callers: List should have at least 1 item"),
        ("callers = [{", "cannot be read: TOMLDecodeError"),
        ('[[callers]]\nrole = "guest"', "give either certificate or token_sha256"),
        ('[[callers]]\ncertificate = "a"\nrole = "gust"', "callers.0.role: one of guest, keeper"),
        ('[[callers]]\ntoken_sha256 = "hunter2"\nrole = "guest"', "callers.0.token_sha256"),
        ('[[callers]]\ncertificate = "a"\nrole = "guest"\npool = "m"', "callers.0.pool"),
        (
            '[[callers]]\ncertificate = "a"\nrole = "guest"\n' * 2,
            "callers.1: has the same credential",
        ),
    ],
)
def test_a_file_of_callers_that_is_wrong_is_refused_without_repeating_it(
    tmp_path: Path, content: str, told: str
) -> None:
    path = tmp_path / "callers.toml"
    path.write_text(content)
    with pytest.raises(ConfigFileError) as refusal:
        door(path)
    assert told in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_a_file_of_callers_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="cannot be read: FileNotFoundError"):
        door(tmp_path / "nowhere.toml")
