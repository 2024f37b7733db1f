"""Mutual TLS between real servers and channels, renewal of certificates, and reflection."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from integration.runtime.echo import ask, echoing, watch

from runtime.grpc.client import Credentials, open_channel
from runtime.grpc.security import ServerSecurity
from runtime.healthcheck import grpc_is_serving
from runtime.reloading import ConfigFileError
from runtime.tls import TlsFiles, read_identity, server_credentials
from support.eventually import eventually
from support.net.certificates import Authority, pem, replace
from support.net.grpc_calls import reflected_methods


@pytest.fixture
def authority() -> Authority:
    """The authority that both sides trust."""
    return Authority()


@pytest.fixture
def server_files(authority: Authority, tmp_path: Path) -> TlsFiles:
    """The files of a server on loopback."""
    return authority.files(tmp_path / "server", "server.example")


@pytest.fixture
def client_files(authority: Authority, tmp_path: Path) -> TlsFiles:
    """The files of a client."""
    return authority.files(tmp_path / "client", "first.example")


def channel_to(port: int, files: TlsFiles | None) -> grpc.aio.Channel:
    """A channel as services open one."""
    return open_channel(f"127.0.0.1:{port}", [], Credentials(files))


@pytest.fixture
async def port(server_files: TlsFiles) -> AsyncIterator[int]:
    """The port of a server with these files."""
    async with echoing(ServerSecurity(server_credentials(server_files))) as listening:
        yield listening


async def code_of(port: int, files: TlsFiles | None) -> grpc.StatusCode:
    """The status of a failed call."""
    async with channel_to(port, files) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await ask(channel)
    return error.value.code()


async def test_a_server_knows_its_caller_by_the_certificate(
    port: int, client_files: TlsFiles
) -> None:
    async with channel_to(port, client_files) as channel:
        assert await ask(channel) == {"name": "first.example", "role": ""}
        assert len(await watch(channel)) == 2


async def test_a_caller_without_a_trusted_certificate_is_not_admitted(
    port: int, client_files: TlsFiles, tmp_path: Path
) -> None:
    stranger = Authority("stranger").files(tmp_path / "stranger", "first.example")
    # The client trusts the server, so it is the server that refuses.
    replace(stranger.authority, client_files.authority.read_bytes())
    assert await code_of(port, None) is grpc.StatusCode.UNAVAILABLE
    assert await code_of(port, stranger) is grpc.StatusCode.UNAVAILABLE
    without = grpc.ssl_channel_credentials(client_files.authority.read_bytes())
    async with grpc.aio.secure_channel(f"127.0.0.1:{port}", without) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(channel)


async def test_a_client_refuses_a_server_of_another_authority(
    client_files: TlsFiles, tmp_path: Path
) -> None:
    impostor = Authority("stranger").files(tmp_path / "impostor", "server.example")
    replace(impostor.authority, client_files.authority.read_bytes())
    async with echoing(ServerSecurity(server_credentials(impostor))) as port:
        assert await code_of(port, client_files) is grpc.StatusCode.UNAVAILABLE


async def test_a_renewed_certificate_of_a_client_is_used_and_calls_in_progress_survive(
    port: int, authority: Authority, client_files: TlsFiles
) -> None:
    async with channel_to(port, client_files) as channel:
        streamed = channel.unary_stream("/S/Stream", str.encode, bytes.decode)("main")
        assert "first.example" in str(await streamed.read())
        authority.files(client_files.key.parent, "renewed.example")

        async def uses_the_new_one() -> bool:
            return (await ask(channel))["name"] == "renewed.example"

        await eventually(uses_the_new_one)
        assert "first.example" in str(await streamed.read())


async def test_renewed_files_of_a_server_are_used_without_a_restart(
    port: int, server_files: TlsFiles, client_files: TlsFiles, tmp_path: Path
) -> None:
    successor = Authority("successor")
    newcomer = successor.files(tmp_path / "newcomer", "newcomer.example")
    assert await code_of(port, newcomer) is grpc.StatusCode.UNAVAILABLE
    successor.files(server_files.key.parent, "server.example")
    async with channel_to(port, newcomer) as channel:
        assert (await ask(channel))["name"] == "newcomer.example"
    assert await code_of(port, client_files) is grpc.StatusCode.UNAVAILABLE


async def test_a_certificate_without_its_key_is_not_used_yet(
    port: int, authority: Authority, server_files: TlsFiles, client_files: TlsFiles, tmp_path: Path
) -> None:
    renewed = authority.files(tmp_path / "renewed", "server.example")
    for old, new in (
        (server_files.certificate, renewed.certificate),
        (server_files.key, renewed.key),
    ):
        replace(old, new.read_bytes())
        async with channel_to(port, client_files) as channel:
            assert (await ask(channel))["name"] == "first.example"


async def test_a_health_check_uses_the_certificate_of_the_service(
    port: int, server_files: TlsFiles
) -> None:
    missing = TlsFiles(Path("missing"), Path("missing"), Path("missing"))
    assert await grpc_is_serving(f"127.0.0.1:{port}", server_files)
    assert not await grpc_is_serving(f"127.0.0.1:{port}")
    assert not await grpc_is_serving(f"127.0.0.1:{port}", missing)


async def test_reflection_is_served_only_if_a_setting_says_so() -> None:
    for security, is_served in (
        (ServerSecurity(serves_reflection=True), True),
        (ServerSecurity(), False),
    ):
        async with (
            echoing(security) as port,
            grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        ):
            methods = reflected_methods(channel, "grpc.health.v1.Health")
            if is_served:
                assert "Check" in await methods
            else:
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await methods
                assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_files_that_do_not_match_are_refused_without_their_content(
    authority: Authority, server_files: TlsFiles
) -> None:
    replace(server_files.key, pem(Authority().key))
    with pytest.raises(ConfigFileError, match="cannot be used together") as error:
        read_identity(server_files)
    assert "PRIVATE" not in str(error.value)
    server_files.key.unlink()
    with pytest.raises(ConfigFileError, match=r"own\.key cannot be read: FileNotFoundError"):
        read_identity(server_files)
