"""The environment of the service, read once in __main__ and passed down."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from messaging_service.model.media_origins import validated_origins
from runtime.logging.setup import LogLevel
from runtime.metrics import MetricsAddress
from runtime.settings.redis import RedisSettings
from runtime.settings.server import ServerSettings
from runtime.settings.tracing import TracesSettings
from runtime.settings.types import Address, HttpUrl, RedisUrl, Secret

# For `make run` only: refused unless all addresses are on loopback, and then logged as a warning.
DEVELOPMENT_LEDGER_KEY = "maskline-development-ledger-key"

# A shorter key could be found by trial against a copy of the ledger.
MIN_KEY_LENGTH = 16

# Every fingerprint is made, and every send token verified, with each key. One former key is enough
# if the key is replaced at most once per retention period.
FORMER_KEYS_LIMIT = 8

# Messages are retried for up to 48 hours and their receipts take a day more; an outage may last a
# weekend.
MIN_RETENTION_HOURS = 72

# Dead letters can be replayed for 30 days; nobody asks for a message after that.
MAX_RETENTION_HOURS = 720

_VERSION_SUFFIX = re.compile(r"/v\d+(\.\d+)?$")


def _without_version(url: str) -> str:
    if _VERSION_SUFFIX.search(urlsplit(url).path):
        raise ValueError("leave out the version, the service adds it")
    return url


CarrierUrl = Annotated[HttpUrl, AfterValidator(_without_version)]

Origins = Annotated[str, AfterValidator(validated_origins)]


def _ascending_times(value: str) -> str:
    try:
        times = [float(time) for time in value.split(",")]
    except ValueError:
        raise ValueError("give numbers separated by commas") from None
    is_ascending = all(before < after for before, after in pairwise(times))
    if len(times) > 10 or not all(0.1 <= time <= 3600 for time in times) or not is_ascending:
        raise ValueError("give up to 10 ascending numbers between 0.1 and 3600")
    return value


def _split_keys(value: SecretStr) -> list[str]:
    """The keys of a list, one a line if it has line breaks, as a key may contain a comma."""
    text = value.get_secret_value()
    entries = text.splitlines() if "\n" in text else text.split(",")
    return [key for entry in entries if (key := entry.strip())]


def _ledger_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_KEY_LENGTH:
        raise ValueError(
            f"give at least {MIN_KEY_LENGTH} characters, such as `openssl rand -base64 32` prints"
        )
    return value


def _former_ledger_keys(value: SecretStr) -> SecretStr:
    keys = _split_keys(value)
    if len(keys) > FORMER_KEYS_LIMIT:
        raise ValueError(f"give at most {FORMER_KEYS_LIMIT} keys, and remove those not needed")
    if any(len(key) < MIN_KEY_LENGTH for key in keys):
        raise ValueError(f"each key needs at least {MIN_KEY_LENGTH} characters")
    return value


Times = Annotated[str, AfterValidator(_ascending_times)]

LedgerKey = Annotated[SecretStr, AfterValidator(_ledger_key)]

FormerLedgerKeys = Annotated[SecretStr, AfterValidator(_former_ledger_keys)]


class Settings(ServerSettings, RedisSettings, TracesSettings):
    """Each setting is read from `MESSAGING_` plus the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MESSAGING_", frozen=True)
    links = ("listen",)
    addresses = ("redis_url", "flowroute_url", "metrics_listen", "traces_endpoint")

    listen: Address = Field(
        "127.0.0.1:8082", description="Address that the gRPC server listens on."
    )
    redis_url: RedisUrl = Field(
        SecretStr("redis://127.0.0.1:6390/1"), description="Redis that stores the ledger."
    )
    flowroute_url: CarrierUrl = Field(
        "http://127.0.0.1:8090",
        description="Base URL of Flowroute's API or of the simulator, without /v2.2.",
    )
    flowroute_access_key: Secret = Field(
        SecretStr("simulator"), description="Access key of the Flowroute account."
    )
    flowroute_secret_key: Secret = Field(
        SecretStr("simulator"), description="Secret key of the Flowroute account."
    )
    public_url: HttpUrl = Field(
        "http://127.0.0.1:8080", description="URL at which the carrier reaches the gateway."
    )
    send_timeout_seconds: float = Field(
        10.0, gt=0, le=60, description="Timeout of one request to the carrier."
    )
    sms_per_second: float = Field(
        5.0,
        ge=0.01,
        le=100_000,
        description="SMS segments per second of all replicas together; Flowroute documents 5 "
        "messages per second for each access key and endpoint.",
    )
    mms_per_second: float = Field(
        1.0,
        ge=0.01,
        le=100_000,
        description="MMS per second of all replicas together; Flowroute documents 1 per second for "
        "each access key and endpoint.",
    )
    lookups_per_second: float = Field(
        2.0,
        ge=0.01,
        le=100_000,
        description="Requests for the carrier's message records per second of all replicas "
        "together; below the 5 per second that Flowroute documents for each access key and "
        "endpoint.",
    )
    unknown_lookups_seconds: Times = Field(
        "5,15,60,300",
        description="When an uncertain send is looked up in the carrier's records, in seconds "
        "after the send: up to 10 ascending numbers separated by commas, each from 0.1 to 3600.",
    )
    ledger_key: LedgerKey = Field(
        SecretStr(DEVELOPMENT_LEDGER_KEY),
        description="Secret for the ledger's fingerprints and for the URLs of files and receipts, "
        "so that a copy of the ledger reveals no number and decrypts no file; a random string of "
        "at least 16 characters.",
    )
    former_ledger_keys: FormerLedgerKeys = Field(
        SecretStr(""),
        description="Former ledger keys, one per line or separated by commas, at most 8: they "
        "still verify existing fingerprints and URLs, and make no new ones.",
    )
    ledger_retention_hours: int = Field(
        MIN_RETENTION_HOURS,
        ge=MIN_RETENTION_HOURS,
        le=MAX_RETENTION_HOURS,
        description="How long a message is stored after its last update, 72 to 720 hours: during "
        "this time a repeated send gets the first result and receipts are matched.",
    )
    media_origins: Origins = Field(
        "https://*.amazonaws.com,http://127.0.0.1:8090",
        description="Origins that files may be fetched from, separated by commas: Flowroute's "
        "store, and the simulator for `make run`. `*.` stands for all hosts below a domain and "
        "needs https.",
    )
    media_timeout_seconds: float = Field(
        10.0, gt=0, le=15, description="Timeout of fetching one file."
    )
    metrics_listen: MetricsAddress = Field(
        "",
        description="Address (host:port) that Prometheus metrics are served on; empty turns them "
        "off.",
    )
    log_level: LogLevel = Field("info", description="Lowest level that is logged.")

    @model_validator(mode="after")
    def _refuses_published_secrets(self) -> "Settings":
        if self.uses_development_ledger_key:
            names = self.env_names("ledger_key", "former_ledger_keys")
            self.require_loopback(f"{names}: the published development key is used; set a secret")
        self.require_redis_authentication()
        return self

    @property
    def unknown_lookups(self) -> tuple[timedelta, ...]:
        """When an uncertain send is looked up, since the send."""
        times = map(float, self.unknown_lookups_seconds.split(","))
        return tuple(timedelta(seconds=time) for time in times)

    @property
    def ledger_keys(self) -> tuple[str, ...]:
        """All ledger keys, the current one first."""
        return (self.ledger_key.get_secret_value(), *_split_keys(self.former_ledger_keys))

    @property
    def ledger_retention(self) -> timedelta:
        """How long a message is stored after its last update."""
        return timedelta(hours=self.ledger_retention_hours)

    @property
    def uses_development_ledger_key(self) -> bool:
        """Whether the published development key is among the keys, former ones included."""
        return DEVELOPMENT_LEDGER_KEY in map(str.strip, self.ledger_keys)
