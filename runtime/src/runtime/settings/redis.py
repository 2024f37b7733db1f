"""Settings of the connection to Redis: URL, password and TLS."""

from urllib.parse import parse_qs

from pydantic import Field, SecretStr, model_validator

from runtime.redis.client import RedisAccess
from runtime.settings.server import LinkSettings, is_local, is_local_url
from runtime.settings.types import OptionalFile, RedisUrl, Secret, split_url


class RedisSettings(LinkSettings):
    """Settings of a process that keeps its state in Redis. Each has its own default URL."""

    redis_url: RedisUrl
    redis_password: Secret | None = Field(
        None, description="Password of the user in the Redis URL, which then must not contain one."
    )
    # The base class reads the password from this file too; the path is kept for new connections.
    redis_password_file: OptionalFile = Field(
        None,
        description="File with this password, as an alternative; each new connection reads it "
        "again.",
    )
    redis_ca_file: OptionalFile = Field(
        None,
        description="The authority (PEM) of Redis's certificate; by default those of the system. "
        "This and the next two need a rediss:// URL; a new connection uses renewed files.",
    )
    redis_certificate_file: OptionalFile = Field(
        None, description="Client certificate (PEM) for Redis, if it requires one."
    )
    redis_key_file: OptionalFile = Field(None, description="That certificate's key (PEM).")

    @property
    def redis_access(self) -> RedisAccess:
        """The settings as a client needs them."""
        return RedisAccess(
            self.redis_url,
            self.redis_password,
            self.redis_password_file,
            self.redis_ca_file,
            self.redis_certificate_file,
            self.redis_key_file,
        )

    @model_validator(mode="after")
    def _has_one_password(self) -> "RedisSettings":
        if self.redis_password is not None and split_url(_plain(self.redis_url)).password:
            names = self.env_names("redis_url", "redis_password")
            raise ValueError(f"{names} both hold a password; keep one of them")
        return self

    @model_validator(mode="after")
    def _has_consistent_tls(self) -> "RedisSettings":
        files = (self.redis_ca_file, self.redis_certificate_file, self.redis_key_file)
        url = split_url(_plain(self.redis_url))
        if any(option.startswith("ssl_") for option in parse_qs(url.query)):
            raise ValueError(
                f"{self.env_names('redis_url')} holds options of TLS (ssl_...), which are not "
                f"followed: name the files in {self.env_names('redis_ca_file')} and its like"
            )
        if any(files) and url.scheme != "rediss":
            raise ValueError(f"{self.env_names('redis_url')} must be a rediss:// address for TLS")
        if (self.redis_certificate_file is None) != (self.redis_key_file is None):
            names = self.env_names("redis_certificate_file", "redis_key_file")
            raise ValueError(f"{names}: give both or none")
        return self

    @model_validator(mode="after")
    def _requires_encrypted_redis(self) -> "RedisSettings":
        url = split_url(_plain(self.redis_url))
        is_remote = url.scheme == "redis" and not is_local(f"{url.hostname or 'localhost'}:0")
        if is_remote and not self.allows_insecure_links:
            raise ValueError(
                f"{self.env_names('redis_url')} would be plain text between machines: give a "
                f"rediss:// address, or set {self.env_names('allows_insecure_links')} to true"
            )
        return self

    def require_redis_authentication(self) -> None:
        """Raises ValueError for a Redis on another machine that everybody could use."""
        url = _plain(self.redis_url)
        authenticates = (
            self.redis_password or self.redis_certificate_file or split_url(url).password
        )
        if not authenticates and not is_local_url(url):
            raise ValueError(
                f"{self.env_names('redis_password')} missing: a Redis on another machine needs a "
                f"password or a client certificate"
            )


def _plain(url: SecretStr) -> str:
    return url.get_secret_value()
