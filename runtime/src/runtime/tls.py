"""Mutual TLS from files that may be renewed at any time."""

import os
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grpc

from runtime.reloading import LOOK_SECONDS, ConfigFileError, ReloadingFile, read_bytes


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where a process finds its own certificate with its key, and whom it trusts (all PEM)."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True, slots=True, repr=False)
class TlsIdentity:
    """What the files held; no repr shows any of it."""

    certificate: bytes
    key: bytes
    authority: bytes


def watched_identity(
    files: TlsFiles, *, look_seconds: float = LOOK_SECONDS
) -> ReloadingFile[TlsIdentity]:
    """The identity in the files, followed; raises UnusableFile if there is none to begin with."""
    paths = (files.certificate, files.key, files.authority)
    return ReloadingFile(paths, lambda: read_identity(files), look_seconds=look_seconds)


def read_identity(files: TlsFiles) -> TlsIdentity:
    """What the files hold, if all of it can be used together; raises UnusableFile."""
    paths = (files.certificate, files.key, files.authority)
    certificate, key, authority = map(read_bytes, paths)
    _check(files)
    return TlsIdentity(certificate, key, authority)


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Credentials that ask every caller for a certificate of the authority.

    Connections made after a renewal see the new files. Raises UnusableFile.
    """
    # A look costs a few microseconds and a handshake a millisecond: no need to look more rarely.
    identity = watched_identity(files, look_seconds=0)
    return grpc.dynamic_ssl_server_credentials(
        _configuration(identity.current()),
        lambda: _configuration(identity.current()),
        require_client_authentication=True,
    )


def channel_credentials(identity: TlsIdentity) -> grpc.ChannelCredentials:
    """Credentials that show the certificate and trust the authority alone."""
    return grpc.ssl_channel_credentials(
        root_certificates=identity.authority,
        private_key=identity.key,
        certificate_chain=identity.certificate,
    )


@cache
def shared_client_context() -> ssl.SSLContext:
    """The TLS context of all HTTP clients of the process, as making one takes some 26 ms.

    It trusts certifi's authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR.
    """
    # A dependency of httpx, and so of every service that has HTTP clients.
    import certifi

    is_configured = bool(os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"))
    return ssl.create_default_context(cafile=None if is_configured else certifi.where())


def _configuration(identity: TlsIdentity) -> grpc.ServerCertificateConfiguration:
    pair = (identity.key, identity.certificate)
    return grpc.ssl_server_certificate_configuration([pair], identity.authority)


def _check(files: TlsFiles) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_verify_locations(files.authority)
        # Without an answer of ours OpenSSL would ask the terminal for an encrypted key's password.
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        why = getattr(error, "reason", None) or type(error).__name__
        named = f"{files.certificate}, {files.key} and {files.authority}"
        raise ConfigFileError(f"{named} cannot be used together: {why}") from None
