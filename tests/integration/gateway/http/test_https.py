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
from support.fakes.carrier_callbacks import sms
from support.net.certificates import Authority, pem, replace
from support.net.http_client import http_client
from support.services.running_gateway import ScriptedConversations, gateway_over

HOST = "localhost"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the gateway's files."""
    return tmp_path / "gateway"


def renew(folder: Path) -> HttpsFiles:
    """Replaces the certificate by one of a new authority."""
    files = Authority().files(folder, HOST)
    return HttpsFiles(files.certificate, files.key)


def trusting(folder: Path) -> ssl.SSLContext:
    """A client that trusts the authority of the current certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder / "authority.pem")
    return context


@asynccontextmanager
async def serving(files: HttpsFiles) -> AsyncIterator[int]:
    """The port of a gateway with this certificate."""
    options = HttpOptions(tls=https_context(files))
    async with gateway_over(ScriptedConversations(), options=options) as gateway:
        yield gateway.port


async def post(port: int, context: ssl.SSLContext, host: str | None = HOST) -> int:
    """The status of a callback on a new connection. Raises ConnectError if TLS fails."""
    extensions = {"sni_hostname": host} if host else {}
    async with httpx.AsyncClient(verify=context) as client:
        url = f"https://127.0.0.1:{port}/api/message"
        return (await client.post(url, json=sms(), extensions=extensions)).status_code


@pytest.mark.parametrize("host", [HOST, None])
async def test_a_renewed_certificate_is_used_without_a_restart(
    folder: Path, host: str | None
) -> None:
    async with serving(renew(folder)) as port:
        former = trusting(folder)
        assert await post(port, former, host) == 200
        renew(folder)
        assert await post(port, trusting(folder), host) == 200
        with pytest.raises(httpx.ConnectError):
            await post(port, former, host)


@pytest.mark.parametrize("broken", ["own.pem", "own.key"])
async def test_a_malformed_file_is_logged_once_and_the_former_certificate_stays(
    folder: Path, broken: str
) -> None:
    async with serving(renew(folder)) as port:
        trust = trusting(folder)
        with structlog.testing.capture_logs() as logs:
            replace(folder / broken, b"malformed")
            assert [await post(port, trust) for _ in range(3)] == [200, 200, 200]
        events = [(event["event"], event["log_level"]) for event in logs]
        assert events == [("files_not_reloaded", "error")]
        renew(folder)
        assert await post(port, trusting(folder)) == 200


async def test_a_renewed_certificate_is_used_once_its_key_is_there(
    folder: Path, tmp_path: Path
) -> None:
    async with serving(renew(folder)) as port:
        former = trusting(folder)
        renewed = renew(tmp_path / "renewed")
        replace(folder / "own.pem", renewed.certificate.read_bytes())
        assert await post(port, former) == 200
        replace(folder / "own.key", renewed.key.read_bytes())
        assert await post(port, trusting(tmp_path / "renewed")) == 200


@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
async def test_tls_older_than_1_2_and_plain_http_are_refused(folder: Path) -> None:
    versions = ssl.TLSVersion
    async with serving(renew(folder)) as port:
        for version in (versions.TLSv1_1, versions.TLSv1_2, versions.TLSv1_3):
            context = trusting(folder)
            # The client allows old versions only at the lowest security level.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            if version is versions.TLSv1_1:
                with pytest.raises(httpx.ConnectError):
                    await post(port, context)
            else:
                assert await post(port, context) == 200
        async with http_client() as client:
            with pytest.raises(httpx.TransportError):
                await client.get(f"http://127.0.0.1:{port}/healthz")


def test_files_that_are_missing_or_do_not_match_are_named_at_the_start(folder: Path) -> None:
    for missing in ("own.pem", "own.key"):
        files = renew(folder)
        (folder / missing).unlink()
        with pytest.raises(ConfigFileError, match=r"own\.key"):
            https_context(files)
    files = renew(folder)
    replace(files.key, pem(Authority().key))
    with pytest.raises(ConfigFileError):
        https_context(files)
