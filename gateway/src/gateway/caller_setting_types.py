"""Kinds of settings that say who may call. What they say of a wrong value never repeats it."""

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from gateway.sources import SourceNetwork

# 32 characters of these hold up to 192 bits; paths, proxies and consoles take them as they are.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")
# The new one and the old one, while both are in use.
MAX_TOKENS = 2
# A password that long is not guessed over a network, also where guesses are not limited.
MIN_PASSWORD_CHARACTERS = 16
# Each callback is compared with all of them.
MAX_NETWORKS = 64


def split_tokens(tokens: SecretStr) -> tuple[str, ...]:
    """One token, two, or none."""
    written = tokens.get_secret_value()
    return tuple(part.strip() for part in written.split(",")) if written else ()


def _tokens(value: SecretStr) -> SecretStr:
    tokens = split_tokens(value)
    if len(tokens) > MAX_TOKENS:
        raise ValueError("give one token, or two separated by a comma")
    if not all(map(_TOKEN.fullmatch, tokens)):
        raise ValueError("a token has 32 to 128 of A-Z, a-z, 0-9, _ and -")
    return value


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if len(parts) > MAX_NETWORKS:
        raise ValueError(f"give at most {MAX_NETWORKS} addresses or networks")
    try:
        return tuple(map(ip_network, parts))
    except ValueError:
        pass
    # What the library says repeats a part of the value.
    raise ValueError("give addresses or networks such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32")


def _user(value: str) -> str:
    if ":" in value:
        raise ValueError("must not hold a colon (RFC 7617)")
    return value


def _password(value: SecretStr) -> SecretStr:
    if 0 < len(value.get_secret_value()) < MIN_PASSWORD_CHARACTERS:
        raise ValueError(f"give at least {MIN_PASSWORD_CHARACTERS} characters")
    return value


CallbackTokens = Annotated[SecretStr, AfterValidator(_tokens)]
Networks = Annotated[tuple[SourceNetwork, ...], NoDecode, BeforeValidator(_networks)]
BasicUser = Annotated[str, AfterValidator(_user)]
BasicPassword = Annotated[SecretStr, AfterValidator(_password)]
