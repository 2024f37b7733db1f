"""What a connection to Redis shows and trusts, from files that may be renewed at any time.

A connection takes the newest files when it is made; those that are there stay as they are.
"""

import ssl
from pathlib import Path

from redis.asyncio.connection import RedisSSLContext, SSLConnection
from redis.credentials import CredentialProvider

from runtime.reloading import ConfigFileError, ReloadingFile, read_bytes

# A look costs a few microseconds and a connection a millisecond: no need to look more rarely.
LOOK_SECONDS = 0.0


class RenewedContext(RedisSSLContext):
    """The TLS context of all connections of a client."""

    def __init__(self, authority: Path | None, certificate: Path | None, key: Path | None) -> None:
        """Without an authority the system's own are trusted, and none of them with one.

        `certificate` and `key` are given both or not at all. Raises UnusableFile.
        """
        super().__init__(cert_reqs="required", check_hostname=True)
        files = [path for path in (authority, certificate, key) if path is not None]
        self._followed: ReloadingFile[ssl.SSLContext] = ReloadingFile(
            files, lambda: _context(authority, certificate, key), look_seconds=LOOK_SECONDS
        )

    def get(self) -> ssl.SSLContext:
        """What redis-py asks for whenever it connects."""
        return self._followed.current()


class RenewedConnection(SSLConnection):
    """One connection under the client's context."""

    def __init__(self, *, renewed_context: RenewedContext, **options: object) -> None:
        """`options` are those of redis-py."""
        # They come from redis-py's pool, which is as untyped.
        super().__init__(**options)  # type: ignore[arg-type]
        self.ssl_context = renewed_context


class RenewedPassword(CredentialProvider):
    """A user with the password that the file holds now."""

    def __init__(self, username: str | None, file: Path) -> None:
        """Without a user it is the default user's. Raises UnusableFile."""
        self._username = username
        self._followed = ReloadingFile([file], lambda: _password(file), look_seconds=LOOK_SECONDS)

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """See redis-py."""
        password = self._followed.current()
        return (self._username, password) if self._username else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """What redis-py asks for whenever it connects."""
        return self.get_credentials()


def _context(authority: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=authority)
        if certificate is not None:
            # Without an answer of ours OpenSSL would ask the terminal for a key's password.
            context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        why = getattr(error, "reason", None) or type(error).__name__
        named = ", ".join(str(path) for path in (authority, certificate, key) if path)
        raise ConfigFileError(f"{named} cannot be used for Redis: {why}") from None
    return context


def _password(file: Path) -> str:
    """The content without a final line break, as every secret in a file."""
    try:
        password = read_bytes(file).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        password = ""
    if not password:
        raise ConfigFileError(f"{file} must hold Redis's password, as text")
    return password
