"""HTTPS with a certificate that may be renewed at any time."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runtime.reloading import ConfigFileError, ReloadingFile


@dataclass(frozen=True, slots=True)
class HttpsFiles:
    """A certificate with its chain, and its key (both PEM)."""

    certificate: Path
    key: Path


def https_context(files: HttpsFiles) -> ssl.SSLContext:
    """The TLS context of a server, TLS 1.2 or newer.

    Connections made after a renewal use the new files. Files that cannot be used are logged, and
    the former ones stay in use. Raises ConfigFileError if the first ones cannot be used.
    """
    paths = (files.certificate, files.key)
    # Polling costs some microseconds, a handshake a millisecond.
    contexts = ReloadingFile(paths, lambda: _read(files), poll_seconds=0)
    context = contexts.current()
    context.sni_callback = _use_current(contexts.current)
    return context


def _use_current(
    current: Callable[[], ssl.SSLContext],
) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], None]:
    """OpenSSL calls this at every handshake, also for clients that name no host."""

    def use_current(handshake: ssl.SSLObject, _host: str | None, _: ssl.SSLContext) -> None:
        handshake.context = current()

    return use_current


def _read(files: HttpsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password function OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        names = f"{files.certificate} and {files.key}"
        raise ConfigFileError(f"{names} cannot be used: {reason}") from None
    return context
