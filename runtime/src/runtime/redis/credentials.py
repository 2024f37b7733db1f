"""Certificates and passwords for Redis from files that may be renewed at any time.

A new connection uses the current files; existing connections are not affected.
"""

import ssl
from pathlib import Path

from redis.asyncio.connection import RedisSSLContext, SSLConnection
from redis.credentials import CredentialProvider

from runtime.redis.packing import PackingConnection
from runtime.reloading import ConfigFileError, ReloadingFile, read_bytes

# Polling costs some microseconds, a connection a millisecond.
POLL_SECONDS = 0.0


class ReloadingContext(RedisSSLContext):
    """The TLS context of all connections of a client."""

    def __init__(self, authority: Path | None, certificate: Path | None, key: Path | None) -> None:
        """Trusts `authority` alone, or the authorities of the system if it is None.

        `certificate` and `key` are given both or not at all. Raises ConfigFileError.
        """
        super().__init__(cert_reqs="required", check_hostname=True)
        files = [path for path in (authority, certificate, key) if path is not None]
        self._file: ReloadingFile[ssl.SSLContext] = ReloadingFile(
            files, lambda: _context(authority, certificate, key), poll_seconds=POLL_SECONDS
        )

    def get(self) -> ssl.SSLContext:
        """redis-py calls this for every new connection."""
        return self._file.current()


class ReloadingConnection(PackingConnection, SSLConnection):
    """A connection with the TLS context of its client."""

    def __init__(self, *, reloading_context: ReloadingContext, **options: object) -> None:
        """`options` are those of redis-py."""
        # redis-py's pool passes them untyped.
        super().__init__(**options)  # type: ignore[arg-type]
        self.ssl_context = reloading_context


class ReloadingPassword(CredentialProvider):
    """A user with the current password of the file."""

    def __init__(self, username: str | None, file: Path) -> None:
        """None is the default user. Raises ConfigFileError."""
        self._username = username
        self._file = ReloadingFile([file], lambda: _password(file), poll_seconds=POLL_SECONDS)

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """The user, if any, and the password."""
        password = self._file.current()
        return (self._username, password) if self._username else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """redis-py calls this for every new connection."""
        return self.get_credentials()


def _context(authority: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=authority)
        if certificate is not None:
            # Without a function OpenSSL would ask the terminal for the key's password.
            context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        names = ", ".join(str(path) for path in (authority, certificate, key) if path)
        raise ConfigFileError(f"{names} cannot be used for Redis: {reason}") from None
    return context


def _password(file: Path) -> str:
    """The content of the file without a final line break."""
    try:
        password = read_bytes(file).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        password = ""
    if not password:
        raise ConfigFileError(f"{file} must hold Redis's password, as text")
    return password
