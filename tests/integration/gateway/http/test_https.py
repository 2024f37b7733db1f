"""HTTPS of the gateway itself, with a certificate that is renewed while it runs."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import structlog

from runtime.http.server import HttpOptions
from runtime.http.tls import HttpsFiles, https_context
from runtime.reloading import ConfigFileError
from support.carrier_callbacks import sms
from support.certificates import Authority, pem, replace
from support.running_gateway import ScriptedConversations, running_gateway, serving_conversations

HOST = "localhost"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the gateway finds its files."""
    return tmp_path / "gateway"


def renewed(folder: Path) -> HttpsFiles:
    """A certificate of an authority of its own, in the place of the former one."""
    made = Authority().files(folder, HOST)
    return HttpsFiles(made.certificate, made.key)


def trusting(folder: Path) -> ssl.SSLContext:
    """A caller's trust in whoever gave the certificate that is there now."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder / "authority.pem")
    return context


@asynccontextmanager
async def serving(files: HttpsFiles) -> AsyncIterator[int]:
    """The port of a gateway that shows this certificate."""
    options = HttpOptions(tls=https_context(files))
    async with (
        serving_conversations(ScriptedConversations()) as server,
        running_gateway(f"127.0.0.1:{server.port}", options=options) as gateway,
    ):
        yield gateway.port


async def post(port: int, context: ssl.SSLContext, host: str | None = HOST) -> int:
    """The status of a callback on a new connection. Raises ConnectError without agreement."""
    named = {"sni_hostname": host} if host else {}
    async with httpx.AsyncClient(verify=context) as client:
        url = f"https://127.0.0.1:{port}/api/message"
        return (await client.post(url, json=sms(), extensions=named)).status_code


@pytest.mark.parametrize("host", [HOST, None])
async def test_a_new_certificate_is_shown_without_a_restart(folder: Path, host: str | None) -> None:
    async with serving(renewed(folder)) as port:
        former = trusting(folder)
        assert await post(port, former, host) == 200
        renewed(folder)
        assert await post(port, trusting(folder), host) == 200
        with pytest.raises(httpx.ConnectError):
            await post(port, former, host)


@pytest.mark.parametrize("broken", ["own.pem", "own.key"])
async def test_a_file_that_cannot_be_used_leaves_the_former_certificate_and_is_told_once(
    folder: Path, broken: str
) -> None:
    async with serving(renewed(folder)) as port:
        trust = trusting(folder)
        with structlog.testing.capture_logs() as logs:
            replace(folder / broken, b"nonsense")
            assert [await post(port, trust) for _ in range(3)] == [200, 200, 200]
        assert [(event["event"], event["log_level"]) for event in logs] == [
            ("files_not_reloaded", "error")
        ]
        renewed(folder)
        assert await post(port, trusting(folder)) == 200


async def test_a_certificate_waits_for_its_key(folder: Path, tmp_path: Path) -> None:
    async with serving(renewed(folder)) as port:
        former = trusting(folder)
        fresh = renewed(tmp_path / "fresh")
        replace(folder / "own.pem", fresh.certificate.read_bytes())
        assert await post(port, former) == 200
        replace(folder / "own.key", fresh.key.read_bytes())
        assert await post(port, trusting(tmp_path / "fresh")) == 200


@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
async def test_nothing_older_than_tls_1_2_is_spoken(folder: Path) -> None:
    async with serving(renewed(folder)) as port:
        for version, passes in [
            (ssl.TLSVersion.TLSv1_1, False),
            (ssl.TLSVersion.TLSv1_2, True),
            (ssl.TLSVersion.TLSv1_3, True),
        ]:
            context = trusting(folder)
            # OpenSSL itself speaks the old versions only when nothing is asked of security.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            if passes:
                assert await post(port, context) == 200
            else:
                with pytest.raises(httpx.ConnectError):
                    await post(port, context)


async def test_plain_http_gets_no_answer_where_https_is_spoken(folder: Path) -> None:
    async with serving(renewed(folder)) as port, httpx.AsyncClient() as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://127.0.0.1:{port}/healthz")


@pytest.mark.parametrize("missing", ["own.pem", "own.key"])
def test_files_that_cannot_be_used_at_the_start_are_named_and_not_shown(
    folder: Path, missing: str
) -> None:
    files = renewed(folder)
    (folder / missing).unlink()
    with pytest.raises(ConfigFileError, match=r"own\.key"):
        https_context(files)


def test_a_key_of_another_certificate_is_noticed_at_the_start(folder: Path) -> None:
    files = renewed(folder)
    replace(files.key, pem(Authority().key))
    with pytest.raises(ConfigFileError):
        https_context(files)
