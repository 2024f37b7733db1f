"""The whole environment of this service. Read once, in __main__, and passed down."""

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from runtime.logs import LogLevel
from runtime.settings import ServiceSettings

# For `make run` only; a start with it is warned of.
DEVELOPMENT_LEDGER_KEY = "maskline-development-ledger-key"

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}")
_VERSION_AT_END = re.compile(r"/v\d+(\.\d+)?$")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError('give "host:port"')
    return value


def _split(value: str) -> SplitResult:
    try:
        url = urlsplit(value)
        # Reading the port is what checks it.
        if url.port != 0:
            return url
    except ValueError:
        # What the library says repeats a part of the value.
        pass
    raise ValueError("give an address that can be read")


def _http_url(value: str) -> str:
    """The address without a slash at its end."""
    url = _split(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("give an http:// or https:// address with a host")
    if url.username is not None or url.query or url.fragment:
        raise ValueError("give the address without user, query and fragment")
    return value.rstrip("/")


def _carrier_url(value: str) -> str:
    url = _http_url(value)
    if _VERSION_AT_END.search(urlsplit(url).path):
        raise ValueError("leave the version out, it is added")
    return url


def _redis_url(value: SecretStr) -> SecretStr:
    if _split(value.get_secret_value()).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("give a redis://, rediss:// or unix:// address")
    return value


def _not_empty(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("must not be empty")
    return value


Address = Annotated[str, AfterValidator(_address)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
CarrierUrl = Annotated[str, AfterValidator(_carrier_url)]
# It may hold a password, which pydantic's own type for it would print.
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
Secret = Annotated[SecretStr, AfterValidator(_not_empty)]


class Settings(ServiceSettings):
    """Every setting is `MESSAGING_` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MESSAGING_", frozen=True)

    listen: Address = Field(
        "127.0.0.1:50052", description="Address that the gRPC server listens on."
    )
    redis_url: RedisUrl = Field(
        SecretStr("redis://127.0.0.1:6390/1"), description="Redis that keeps the ledger."
    )
    flowroute_url: CarrierUrl = Field(
        "http://127.0.0.1:8090",
        description="Flowroute's API, or the simulator, up to and without /v2.2.",
    )
    flowroute_access_key: Secret = Field(
        SecretStr("simulator"), description="Access key of the Flowroute account."
    )
    flowroute_secret_key: Secret = Field(
        SecretStr("simulator"), description="Secret key of the Flowroute account."
    )
    public_url: HttpUrl = Field(
        "http://127.0.0.1:8080", description="Where the carrier reaches the gateway."
    )
    send_timeout_seconds: float = Field(
        10.0, gt=0, le=60, description="The longest that one send may take, answer included."
    )
    ledger_key: Secret = Field(
        SecretStr(DEVELOPMENT_LEDGER_KEY),
        description="Keys the ledger's fingerprints, so that a copy of it tells no numbers.",
    )
    log_level: LogLevel = Field("info", description="The least level that is logged.")

    @property
    def uses_development_ledger_key(self) -> bool:
        """Whether everybody knows the key."""
        return self.ledger_key.get_secret_value() == DEVELOPMENT_LEDGER_KEY
