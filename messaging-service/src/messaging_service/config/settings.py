"""The whole environment of this service. Read once, in __main__, and passed down."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from messaging_service.model.media_origins import checked_origins
from runtime.logging.setup import LogLevel
from runtime.metrics import MetricsAddress
from runtime.settings.redis import RedisSettings
from runtime.settings.server import ServerSettings
from runtime.settings.tracing import TracesSettings
from runtime.settings.types import Address, HttpUrl, RedisUrl, Secret

# For `make run` only; a start with it is warned of.
DEVELOPMENT_LEDGER_KEY = "maskline-development-ledger-key"

# What is shorter can be tried out against a copy of the ledger.
SHORTEST_KEY = 16

# Each text's fingerprint is made and each receipt's address is tried under all of them; who
# replaces the key once in a retention needs one.
FORMER_KEYS_LIMIT = 8

# Texts are handed in again for up to 48 hours, and what is heard of them takes a day more; a fault
# on Friday night is mended on Monday.
SHORTEST_RETENTION_HOURS = 72

# As long as a dead letter can be sent again. Nobody asks for a text after that.
LONGEST_RETENTION_HOURS = 720

_VERSION_AT_END = re.compile(r"/v\d+(\.\d+)?$")


def _without_version(url: str) -> str:
    if _VERSION_AT_END.search(urlsplit(url).path):
        raise ValueError("leave the version out, it is added")
    return url


CarrierUrl = Annotated[HttpUrl, AfterValidator(_without_version)]

Origins = Annotated[str, AfterValidator(checked_origins)]


def _ascending_times(value: str) -> str:
    try:
        times = [float(time) for time in value.split(",")]
    except ValueError:
        raise ValueError("give numbers with commas in between") from None
    is_ascending = all(before < after for before, after in pairwise(times))
    if len(times) > 10 or not all(0.1 <= time <= 3600 for time in times) or not is_ascending:
        raise ValueError("give up to 10 ascending numbers between 0.1 and 3600")
    return value


def _listed(keys: SecretStr) -> list[str]:
    """Between line breaks if there are any, as a key may hold a comma."""
    text = keys.get_secret_value()
    listed = text.splitlines() if "\n" in text else text.split(",")
    return [key for one in listed if (key := one.strip())]


def _ledger_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(
            f"give at least {SHORTEST_KEY} characters, such as `openssl rand -base64 32` makes"
        )
    return value


def _former_ledger_keys(value: SecretStr) -> SecretStr:
    keys = _listed(value)
    if len(keys) > FORMER_KEYS_LIMIT:
        raise ValueError(f"give at most {FORMER_KEYS_LIMIT} keys, and take out those that are over")
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise ValueError(f"each key has at least {SHORTEST_KEY} characters")
    return value


Times = Annotated[str, AfterValidator(_ascending_times)]

LedgerKey = Annotated[SecretStr, AfterValidator(_ledger_key)]

FormerLedgerKeys = Annotated[SecretStr, AfterValidator(_former_ledger_keys)]


class Settings(ServerSettings, RedisSettings, TracesSettings):
    """Every setting is `MESSAGING_` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MESSAGING_", frozen=True)
    links = ("listen",)

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
    sms_per_second: float = Field(
        5.0,
        ge=0.01,
        le=100_000,
        description="Segments of text sent a second, by all replicas; Flowroute documents 5 texts "
        "a second for each access key and endpoint.",
    )
    mms_per_second: float = Field(
        1.0,
        ge=0.01,
        le=100_000,
        description="Texts with files sent a second, by all replicas; Flowroute documents 1 a "
        "second for each access key and endpoint.",
    )
    lookups_per_second: float = Field(
        2.0,
        ge=0.01,
        le=100_000,
        description="Looks at the carrier's records a second, by all replicas; below the 5 calls "
        "a second that Flowroute documents for each access key and endpoint.",
    )
    unknown_lookups_seconds: Times = Field(
        "5,15,60,300",
        description="When a send whose answer was lost is looked up in the carrier's records, "
        "counted from then: up to 10 ascending times with commas in between, each between 0.1 and "
        "3600.",
    )
    ledger_key: LedgerKey = Field(
        SecretStr(DEVELOPMENT_LEDGER_KEY),
        description="Keys the ledger's fingerprints and the addresses of files and receipts, so "
        "that a copy of it tells no numbers and opens no file; any long random string of at least "
        "16 characters.",
    )
    former_ledger_keys: FormerLedgerKeys = Field(
        SecretStr(""),
        description="Earlier ledger keys, one a line or between commas, at most 8: what they made "
        "is still recognised, and nothing new is made with them.",
    )
    ledger_retention_hours: int = Field(
        SHORTEST_RETENTION_HOURS,
        ge=SHORTEST_RETENTION_HOURS,
        le=LONGEST_RETENTION_HOURS,
        description="How long a text is recognised after what was last heard of it, between 72 and "
        "720 hours: so long a repeated one gets its first answer, and its receipts find it.",
    )
    media_origins: Origins = Field(
        "https://*.amazonaws.com,http://127.0.0.1:8090",
        description="Where files are fetched from, with commas in between: Flowroute's store, and "
        "the simulator for `make run`. A plain http:// origin is taken as it stands; `*.` stands "
        "for all hosts below a name.",
    )
    media_timeout_seconds: float = Field(
        10.0, gt=0, le=15, description="The longest that fetching one file may take."
    )
    metrics_listen: MetricsAddress = Field(
        "",
        description="Where metrics are served in Prometheus' form, as host:port; empty: nowhere.",
    )
    log_level: LogLevel = Field("info", description="The least level that is logged.")

    @property
    def unknown_lookups(self) -> tuple[timedelta, ...]:
        """The times of the look-ups."""
        times = map(float, self.unknown_lookups_seconds.split(","))
        return tuple(timedelta(seconds=time) for time in times)

    @property
    def ledger_keys(self) -> tuple[str, ...]:
        """All ledger keys, the one in front that new things are made with."""
        return (self.ledger_key.get_secret_value(), *_listed(self.former_ledger_keys))

    @property
    def ledger_retention(self) -> timedelta:
        """How long a text is recognised after what was last heard of it."""
        return timedelta(hours=self.ledger_retention_hours)

    @property
    def uses_development_ledger_key(self) -> bool:
        """Whether everybody knows a key that counts, be it a former one."""
        return DEVELOPMENT_LEDGER_KEY in self.ledger_keys
