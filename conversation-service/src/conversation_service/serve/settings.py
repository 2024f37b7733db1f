"""The whole environment of the conversation service. Read once, in __main__."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from runtime.link_settings import ServerSettings
from runtime.logs import LogLevel
from runtime.metrics import MetricsAddress
from runtime.redis_settings import RedisSettings
from runtime.setting_types import Address, RedisUrl, Secret

# Known to everybody who reads this: good for a machine of one's own, and warned about.
DEVELOPMENT_KEY = "maskline-development-key"


class Settings(ServerSettings, RedisSettings):
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
        min_length=16,
        description="Secret that keeps numbers and texts unreadable in Redis; any long random "
        "string. Whoever loses it loses the live conversations.",
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

    @property
    def uses_development_key(self) -> bool:
        """Whether anybody who has read the source can read the state."""
        return self.state_key.get_secret_value() == DEVELOPMENT_KEY
