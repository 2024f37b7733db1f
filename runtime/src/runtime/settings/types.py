"""Types of settings. Their error messages never repeat the value."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}")


def split_url(value: str) -> SplitResult:
    """The parts of a URL. Raises ValueError with a message that repeats none of them."""
    try:
        url = urlsplit(value)
        # Reading the port validates it.
        if url.port != 0:
            return url
    except ValueError:
        # The message of the library repeats a part of the value.
        pass
    raise ValueError("give an address that can be read")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError('give "host:port"')
    return value


def _http_url(value: str) -> str:
    """The URL without a final slash."""
    url = split_url(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("give an http:// or https:// address with a host")
    if url.username is not None or url.query or url.fragment:
        raise ValueError("give the address without user, query and fragment")
    return value.rstrip("/")


def _redis_url(value: SecretStr) -> SecretStr:
    if split_url(value.get_secret_value()).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("give a redis://, rediss:// or unix:// address")
    return value


def _not_empty(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("must not be empty")
    return value


def or_empty(value: str, validate: Callable[[str], str]) -> str:
    """Makes a validated setting optional: empty means none."""
    return value if value == "" else validate(value)


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


Address = Annotated[str, AfterValidator(_address)]

HttpUrl = Annotated[str, AfterValidator(_http_url)]

# A secret, as it may hold a password.
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]

Secret = Annotated[SecretStr, AfterValidator(_not_empty)]

# Compose files pass on variables that may be empty: empty means none.
OptionalFile = Annotated[Path | None, BeforeValidator(_none_if_empty)]
