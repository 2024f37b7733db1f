"""Certificates, tokens, and no plaintext to other machines."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from integration.cli.in_process import maskline
from integration.cli.scripted import Deployment, serving

from maskline.admin.v1 import pool_pb2
from runtime.grpc.authorization import PERMISSION_DENIED, UNAUTHENTICATED, Permissions
from runtime.grpc.security import ServerSecurity, server_security
from runtime.settings.server import ServerSettings
from runtime.tls import TlsFiles
from support.net.certificates import Authority

LIST_POOLS = "/maskline.admin.v1.PoolService/ListPools"
WATCH = "/maskline.conversation.v1.EventService/WatchEvents"
GET_POOL = "/maskline.admin.v1.PoolService/GetPool"
PERMISSIONS = Permissions(dict.fromkeys((LIST_POOLS, GET_POOL, WATCH), ("keeper",)))
TOKEN = "a token"


def security_of(folder: Path, tls: TlsFiles | None = None, role: str = "keeper") -> ServerSecurity:
    callers = folder / "callers.toml"
    digest = sha256(TOKEN.encode()).hexdigest()
    callers.write_text(f'[[callers]]\ntoken_sha256 = "{digest}"\nrole = "{role}"\n')
    settings = ServerSettings(
        tls_certificate_file=tls and tls.certificate,
        tls_key_file=tls and tls.key,
        tls_ca_file=tls and tls.authority,
        callers_file=callers,
    )
    return server_security(
        settings, PERMISSIONS, ("keeper", "guest"), domain="conversation.maskline"
    )


@asynccontextmanager
async def guarded(security: ServerSecurity) -> AsyncIterator[Deployment]:
    async with serving(security=security) as deployment:
        deployment.answers("ListPools", pool_pb2.ListPoolsResponse())
        deployment.answers("GetPool", pool_pb2.GetPoolResponse())
        yield deployment


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return str(path)


async def test_the_token_of_a_file_is_sent_with_every_call(tmp_path: Path, token_file: str) -> None:
    async with guarded(security_of(tmp_path)) as deployment:
        listed = await maskline(
            deployment.target, "pools", "list", "--json", "--token-file", token_file
        )
        assert listed.status == 0, listed.err
        deployment.watches = [[grpc.StatusCode.NOT_FOUND]]
        watch = await maskline(deployment.target, "watch", MASKLINE_TOKEN_FILE=token_file)
        assert "scripted" in watch.err
    assert TOKEN not in listed.out + listed.err + watch.err


async def test_without_credentials_the_error_names_the_options(tmp_path: Path) -> None:
    async with guarded(security_of(tmp_path)) as deployment:
        ended = await maskline(deployment.target, "pools", "list")
        as_json = await maskline(deployment.target, "pools", "list", "--json")
    assert ended.status == 1
    assert UNAUTHENTICATED.message in ended.err
    assert "--token-file (MASKLINE_TOKEN_FILE)" in ended.err
    assert as_json.error["status"] == as_json.error["reason"] == "UNAUTHENTICATED"


async def test_a_missing_permission_is_an_error(tmp_path: Path, token_file: str) -> None:
    async with guarded(security_of(tmp_path, role="guest")) as deployment:
        ended = await maskline(deployment.target, "pools", "list", "--token-file", token_file)
    assert ended.status == 1
    assert ended.err.startswith(PERMISSION_DENIED.message)
    assert "docs/security.md" in ended.err


async def test_a_service_with_tls_requires_a_certificate(tmp_path: Path, token_file: str) -> None:
    authority = Authority()
    server = authority.files(tmp_path / "server", "server.example")
    own = authority.files(tmp_path / "own", "me.example")
    settings = {
        "MASKLINE_TLS_CA": str(own.authority),
        "MASKLINE_TLS_CERTIFICATE": str(own.certificate),
        "MASKLINE_TLS_KEY": str(own.key),
    }
    async with guarded(security_of(tmp_path, server)) as deployment:
        command = ("pools", "list", "--token-file", token_file)
        assert (await maskline(deployment.target, *command, **settings)).status == 0
        plain = await maskline(deployment.target, *command, "--timeout", "2")
        assert plain.status == 69
        assert "--tls-certificate" in plain.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [("--target 10.0.0.7:8081", "would be plaintext"),
     ("--tls-ca authority.pem", "require each other"),
     ("--token-file nowhere", "nowhere cannot be read: FileNotFoundError"),
     ("--tls-ca a --tls-certificate b --tls-key c", "cannot be read: FileNotFoundError")],
)  # fmt: skip
async def test_unusable_credentials_are_a_usage_error(arguments: str, message: str) -> None:
    ended = await maskline("127.0.0.1:1", *arguments.split(), "pools", "list")
    assert ended.status == 2
    assert message in ended.err
