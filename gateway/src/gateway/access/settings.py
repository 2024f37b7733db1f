"""Settings of who may call the gateway, and how often."""

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from gateway.access.callback_auth import CallerRules, basic_credentials
from gateway.access.client_address import ClientNetwork
from gateway.access.middleware import AccessRules
from runtime.settings.base import ServiceSettings

# 32 of these characters hold up to 192 bits, and need no escaping in paths.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")

# The old one and the new one during a rotation.
MAX_TOKENS = 2

# Too long to be guessed over a network, even without a rate limit.
MIN_PASSWORD_CHARACTERS = 16

# Each callback is checked against all of them.
MAX_NETWORKS = 64


def split_tokens(tokens: SecretStr) -> tuple[str, ...]:
    """The tokens, separated by commas: none, one or two."""
    value = tokens.get_secret_value()
    return tuple(token.strip() for token in value.split(",")) if value else ()


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
    # The message of the library repeats a part of the value.
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

Networks = Annotated[tuple[ClientNetwork, ...], NoDecode, BeforeValidator(_networks)]

BasicUser = Annotated[str, AfterValidator(_user)]

BasicPassword = Annotated[SecretStr, AfterValidator(_password)]


class CallerSettings(ServiceSettings):
    """By default callbacks are accepted from everybody."""

    callback_tokens: CallbackTokens = Field(
        SecretStr(""),
        description="Secret last part of the path of callbacks, 32 to 128 characters; two, "
        "separated by a comma, during a rotation. Without a token, basic credentials and allowed "
        "sources anybody may send callbacks, and the gateway starts on loopback only.",
    )
    allowed_sources: Networks = Field(
        (),
        description="Addresses and networks that may send callbacks, separated by commas; all if "
        "empty. Flowroute published 52.88.246.140 and 52.10.220.50, in 2016.",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=8,
        description="Number of proxies in front: the client is this many addresses from the right "
        "of X-Forwarded-For. With 0 it is the peer of the connection, and the header is ignored.",
    )
    basic_user: BasicUser = Field(
        "",
        description="User for HTTP basic authentication of callbacks; none is required if empty.",
    )
    basic_password: BasicPassword = Field(
        SecretStr(""), description="Password of that user, at least 16 characters. Both or neither."
    )
    requests_per_second_per_source: int = Field(
        200,
        ge=0,
        le=100_000,
        description="Requests per second from one address (IPv6: one /64), with bursts of 5 "
        "seconds; above that 429. Requests with a right callback token, send token or password are "
        "not counted. Loopback is not limited. 0 means no limit.",
    )
    refusals_per_minute_per_source: int = Field(
        10,
        gt=0,
        le=600,
        description="Failures per minute (wrong tokens, passwords or addresses) from one address; "
        "above that 429, and they are not logged.",
    )

    @property
    def access_rules(self) -> AccessRules:
        """The rules of the access middleware."""
        return AccessRules(
            CallerRules(
                callback_tokens=tuple(map(str.encode, split_tokens(self.callback_tokens))),
                allowed_sources=self.allowed_sources,
                credentials=self._credentials,
            ),
            trusted_proxies=self.trusted_proxies,
            requests_per_second=self.requests_per_second_per_source,
            refusals_per_minute=self.refusals_per_minute_per_source,
        )

    @property
    def authenticates_callbacks(self) -> bool:
        """Whether callbacks are accepted only from known callers."""
        callers = self.access_rules.callers
        return bool(callers.callback_tokens or callers.credentials or callers.allowed_sources)

    @property
    def _credentials(self) -> bytes:
        password = self.basic_password.get_secret_value()
        return basic_credentials(self.basic_user, password) if password else b""

    @model_validator(mode="after")
    def _has_user_and_password_or_neither(self) -> "CallerSettings":
        if bool(self.basic_user) != bool(self.basic_password.get_secret_value()):
            raise ValueError("GATEWAY_BASIC_USER and GATEWAY_BASIC_PASSWORD: give both or neither")
        return self
