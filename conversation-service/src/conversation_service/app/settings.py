"""Settings of the conversation service, from the environment. Read once, in __main__."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from runtime.logging.setup import LogLevel
from runtime.metrics import MetricsAddress
from runtime.settings.redis import RedisSettings
from runtime.settings.server import ServerSettings
from runtime.settings.tracing import TracesSettings
from runtime.settings.types import Address, RedisUrl, Secret

MIN_KEY_LENGTH = 16

# Public, so it is refused unless all addresses are on loopback; its use is logged as a warning.
DEVELOPMENT_KEY = "maskline-development-key"


class Settings(ServerSettings, RedisSettings, TracesSettings):
    """Settings of the conversation service."""

    model_config = SettingsConfigDict(env_prefix="CONVERSATION_", frozen=True)
    links = ("listen", "messaging_target")
    addresses = ("redis_url", "metrics_listen", "traces_endpoint")

    listen: Address = Field("127.0.0.1:8081", description="Address the gRPC server listens on.")
    redis_url: RedisUrl = Field(
        SecretStr("redis://127.0.0.1:6390/0"),
        description="URL of Redis 7.0 or newer, or of Valkey; it may contain a password.",
    )
    messaging_target: Address = Field(
        "127.0.0.1:8082", description="Address of the messaging service."
    )
    messaging_token: Secret | None = Field(
        None,
        description="Token sent to the messaging service, if its callers file lists the "
        "conversation service by token instead of by certificate.",
    )
    pools_file: Path = Field(
        Path("deploy/pools.toml"), description="TOML file that seeds the pools and their numbers."
    )
    state_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_KEY),
        min_length=MIN_KEY_LENGTH,
        description="Secret under which phone numbers and message bodies are encrypted in Redis: "
        "any long random string. Without it the stored state cannot be read.",
    )
    former_state_keys: SecretStr = Field(
        SecretStr(""),
        description="Earlier state keys, one per line or separated by commas. They decrypt what "
        "was encrypted with them until `maskline keys rotate` has re-encrypted it.",
    )
    state_directory: Path | None = Field(
        None,
        description="Directory in which the service keeps how far Redis has got and who opted out, "
        "so that it notices when an older copy of Redis is restored. Replicas may share it. "
        "Without it, only a copy that is restored while the service runs is noticed.",
    )
    recovery_interval_seconds: int = Field(
        180,
        ge=0,
        le=3600,
        description="Seconds between two searches of the carrier's records for messages whose "
        "callbacks were lost; 0 turns the search off.",
    )
    metrics_listen: MetricsAddress = Field(
        "",
        description="Address (host:port) of the Prometheus metrics endpoint; empty: no endpoint.",
    )
    log_level: LogLevel = Field("info", description="Lowest level of log lines that are written.")

    @field_validator("former_state_keys")
    @classmethod
    def _validate_lengths(cls, value: SecretStr) -> SecretStr:
        if any(len(key) < MIN_KEY_LENGTH for key in _split_keys(value)):
            raise ValueError(f"each key has at least {MIN_KEY_LENGTH} characters")
        return value

    @model_validator(mode="after")
    def _refuses_published_secrets(self) -> "Settings":
        if self.uses_development_key:
            names = self.env_names("state_key", "former_state_keys")
            self.require_loopback(f"{names}: the published development key is used; set a secret")
        self.require_redis_authentication()
        return self

    @property
    def former_keys(self) -> list[str]:
        """The earlier keys as a list."""
        return _split_keys(self.former_state_keys)

    @property
    def uses_development_key(self) -> bool:
        """Whether the published development key is among the keys, former ones included."""
        return DEVELOPMENT_KEY in (self.state_key.get_secret_value().strip(), *self.former_keys)


def _split_keys(keys: SecretStr) -> list[str]:
    """Splits at line breaks if there are any, since a key may contain a comma."""
    text = keys.get_secret_value()
    lines = text.splitlines() if "\n" in text else text.split(",")
    return [key for line in lines if (key := line.strip())]
