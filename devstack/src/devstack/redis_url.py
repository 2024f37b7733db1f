"""Two databases of one server: conversations in one, the messaging ledger in the next."""

from urllib.parse import SplitResult, urlsplit

from devstack.errors import StackError
from devstack.ports import LOOPBACK


class UnusableRedisUrl(StackError):
    """The message never contains the URL, which may include a password."""

    def __init__(self) -> None:
        super().__init__("REDIS_URL must look like redis://[user:password@]host[:port][/database].")


def embedded_url(port: int) -> str:
    """The URL of the embedded server."""
    return f"redis://{LOOPBACK}:{port}/0"


def next_database(url: str) -> str:
    """The URL of the next database on the same server. Raises UnusableRedisUrl."""
    try:
        parts = urlsplit(url)
        database = int(parts.path.strip("/") or 0)
    except ValueError:
        raise UnusableRedisUrl from None
    _refuse_other_kinds(parts)
    return parts._replace(path=f"/{database + 1}").geturl()


def _refuse_other_kinds(parts: SplitResult) -> None:
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or parts.query:
        raise UnusableRedisUrl
