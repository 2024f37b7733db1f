"""Mutual TLS from files that may be renewed at any time."""

import os
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grpc

from runtime.reloading import POLL_SECONDS, ConfigFileError, ReloadingFile, read_bytes


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of a process: its certificate with its key, and the authority it trusts (PEM)."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True, slots=True, repr=False)
class TlsIdentity:
    """The content of the files; its repr shows none of it."""

    certificate: bytes
    key: bytes
    authority: bytes


def reloading_identity(
    files: TlsFiles, *, poll_seconds: float = POLL_SECONDS
) -> ReloadingFile[TlsIdentity]:
    """The identity in the files, read again after they changed. Raises ConfigFileError."""
    paths = (files.certificate, files.key, files.authority)
    return ReloadingFile(paths, lambda: read_identity(files), poll_seconds=poll_seconds)


def read_identity(files: TlsFiles) -> TlsIdentity:
    """The content of the files. Raises ConfigFileError if they cannot be used together."""
    paths = (files.certificate, files.key, files.authority)
    certificate, key, authority = map(read_bytes, paths)
    _check(files)
    return TlsIdentity(certificate, key, authority)


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Credentials that require a certificate of the authority from every caller.

    Connections made after a renewal use the new files. Raises ConfigFileError.
    """
    # Polling costs some microseconds, a handshake a millisecond.
    identity = reloading_identity(files, poll_seconds=0)
    return grpc.dynamic_ssl_server_credentials(
        _configuration(identity.current()),
        lambda: _configuration(identity.current()),
        require_client_authentication=True,
    )


def channel_credentials(identity: TlsIdentity) -> grpc.ChannelCredentials:
    """Credentials with the certificate, which trust the authority alone."""
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
        # Without a password function OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        names = f"{files.certificate}, {files.key} and {files.authority}"
        raise ConfigFileError(f"{names} cannot be used together: {reason}") from None
