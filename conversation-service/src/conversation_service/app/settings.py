"""The whole environment of the conversation service. Read once, in __main__."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from runtime.logging.setup import LogLevel
from runtime.metrics import MetricsAddress
from runtime.settings.redis import RedisSettings
from runtime.settings.server import ServerSettings
from runtime.settings.tracing import TracesSettings
from runtime.settings.types import Address, RedisUrl, Secret

SHORTEST_KEY = 16

# Known to everybody who reads this: good for a machine of one's own, and warned about.
DEVELOPMENT_KEY = "maskline-development-key"


class Settings(ServerSettings, RedisSettings, TracesSettings):
    """Settings of the conversation service."""

    model_config = SettingsConfigDict(env_prefix="CONVERSATION_", frozen=True)
    links = ("listen", "messaging_target")

    listen: Address = Field("127.0.0.1:50051", description="Address the gRPC server listens on.")
    redis_url: RedisUrl = Field(
        SecretStr("redis://127.0.0.1:6390/0"),
        description="Redis 7.0 or newer, or Valkey; the URL may hold a password.",
    )
    messaging_target: Address = Field(
        "127.0.0.1:50052", description="Address of the messaging service."
    )
    messaging_token: Secret | None = Field(
        None,
        description="Token that is shown to the messaging service, where it lists one for the "
        "conversation service instead of a certificate.",
    )
    pools_file: Path = Field(
        Path("deploy/pools.toml"), description="TOML file with the pools and their numbers."
    )
    state_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_KEY),
        min_length=SHORTEST_KEY,
        description="Secret that keeps numbers and texts unreadable in Redis; any long random "
        "string. Whoever loses it loses the live conversations.",
    )
    former_state_keys: SecretStr = Field(
        SecretStr(""),
        description="Earlier state keys, one a line or between commas: they open what they have "
        "sealed, until `maskline keys rotate` has sealed all of it anew.",
    )
    recovery_interval_seconds: int = Field(
        180,
        ge=0,
        le=3600,
        description="How often the carrier's records are searched for texts whose callbacks were "
        "lost, in seconds; 0: never.",
    )
    metrics_listen: MetricsAddress = Field(
        "",
        description="Where metrics are served in Prometheus' form, as host:port; empty: nowhere.",
    )
    log_level: LogLevel = Field("info", description="The least severe log lines to write.")

    @field_validator("former_state_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        if any(len(key) < SHORTEST_KEY for key in _listed(value)):
            raise ValueError(f"each key has at least {SHORTEST_KEY} characters")
        return value

    @property
    def former_keys(self) -> list[str]:
        """The earlier keys, each by itself."""
        return _listed(self.former_state_keys)

    @property
    def uses_development_key(self) -> bool:
        """Whether anybody who has read the source can read the state."""
        return self.state_key.get_secret_value() == DEVELOPMENT_KEY


def _listed(keys: SecretStr) -> list[str]:
    """Between line breaks if there are any, as a key may hold a comma."""
    text = keys.get_secret_value()
    listed = text.splitlines() if "\n" in text else text.split(",")
    return [key for one in listed if (key := one.strip())]
