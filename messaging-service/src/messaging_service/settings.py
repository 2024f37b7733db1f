"""The whole environment of this service. Read once, in __main__, and passed down."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from runtime.logs import LogLevel
from runtime.setting_types import Address, HttpUrl, RedisUrl, Secret
from runtime.settings import ServiceSettings

# For `make run` only; a start with it is warned of.
DEVELOPMENT_LEDGER_KEY = "maskline-development-ledger-key"

_VERSION_AT_END = re.compile(r"/v\d+(\.\d+)?$")


def _without_version(url: str) -> str:
    if _VERSION_AT_END.search(urlsplit(url).path):
        raise ValueError("leave the version out, it is added")
    return url


CarrierUrl = Annotated[HttpUrl, AfterValidator(_without_version)]


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
        10.0,
        gt=0,
        le=60,
        description="The longest that one send, or one look at the account, may take.",
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
