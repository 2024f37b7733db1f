"""HTTPS of a process itself, with a certificate that may be renewed at any time."""

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
    """What a server shows its callers, TLS 1.2 or newer.

    Connections made after a renewal see the new files; files that cannot be used are logged, and
    the former ones stay. Raises UnusableFile if there are none to begin with.
    """
    paths = (files.certificate, files.key)
    # A look costs a few microseconds and a handshake a millisecond: no need to look more rarely.
    watched = ReloadingFile(paths, lambda: _read(files), look_seconds=0)
    context = watched.current()
    context.sni_callback = _newest(watched.current)
    return context


def _newest(
    current: Callable[[], ssl.SSLContext],
) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], None]:
    """OpenSSL asks at every handshake, also of callers that name no host."""

    def take_newest(handshake: ssl.SSLObject, _host: str | None, _: ssl.SSLContext) -> None:
        handshake.context = current()

    return take_newest


def _read(files: HttpsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without an answer of ours OpenSSL would ask the terminal for an encrypted key's password.
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        why = getattr(error, "reason", None) or type(error).__name__
        raise ConfigFileError(
            f"{files.certificate} and {files.key} cannot be used: {why}"
        ) from None
    return context
