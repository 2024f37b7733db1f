"""Kinds of settings that several services have. What they say of a wrong value never repeats it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}")


def split_url(value: str) -> SplitResult:
    """The parts of an address; raises ValueError without repeating any."""
    try:
        url = urlsplit(value)
        # Reading the port is what checks it.
        if url.port != 0:
            return url
    except ValueError:
        # What the library says repeats a part of the value.
        pass
    raise ValueError("give an address that can be read")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError('give "host:port"')
    return value


def _http_url(value: str) -> str:
    """The address without a slash at its end."""
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


def or_nothing(value: str, checked: Callable[[str], str]) -> str:
    """For settings that may be left empty."""
    return value if value == "" else checked(value)


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


Address = Annotated[str, AfterValidator(_address)]

HttpUrl = Annotated[str, AfterValidator(_http_url)]

# It may hold a password, which pydantic's own type for it would print.
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]

Secret = Annotated[SecretStr, AfterValidator(_not_empty)]

# Compose files pass variables on that may be empty: that is none.
OptionalFile = Annotated[Path | None, BeforeValidator(_none_if_empty)]
