"""The settings of the gateway."""

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from gateway.access.settings import CallerSettings
from gateway.conversation_client import BATCH_LIMIT
from runtime.grpc.client import MAX_MESSAGE_BYTES
from runtime.http.limits import HttpLimits
from runtime.http.tls import HttpsFiles
from runtime.logging.setup import LogLevel
from runtime.settings.base import ServiceSettings
from runtime.settings.tracing import TracesSettings
from runtime.settings.types import Address, OptionalFile, Secret

LIMITS = HttpLimits()


class HttpSettings(ServiceSettings):
    """Limits of HTTP connections, and HTTPS. The defaults are far above a carrier's callbacks."""

    request_line_limit_bytes: int = Field(
        LIMITS.request_line_bytes,
        ge=512,
        le=65_536,
        description="Longest request line; above that 414.",
    )
    head_limit_bytes: int = Field(
        LIMITS.head_bytes,
        ge=1024,
        le=65_536,
        description="Largest head of a request; above that 431.",
    )
    header_limit: int = Field(
        LIMITS.headers, ge=16, le=1000, description="Most headers of a request; above that 431."
    )
    head_timeout_seconds: float = Field(
        LIMITS.head_seconds,
        gt=0,
        le=60,
        description="Longest wait for a head; then the connection is closed.",
    )
    connection_limit: int = Field(
        LIMITS.connections,
        gt=0,
        le=100_000,
        description="Most connections at once, below the limit of open files; above that 503.",
    )
    keep_alive_seconds: int = Field(
        LIMITS.keep_alive_seconds, gt=0, le=300, description="How long an idle connection is kept."
    )
    https_certificate_file: OptionalFile = Field(
        None,
        description="Certificate (PEM, with its chain) for HTTPS instead of plain HTTP, TLS 1.2 "
        "or newer; renewed files are used without a restart.",
    )
    https_key_file: OptionalFile = Field(
        None, description="The certificate's key (PEM). Both or neither."
    )

    @property
    def http_limits(self) -> HttpLimits:
        """The limits of connections."""
        return HttpLimits(
            request_line_bytes=self.request_line_limit_bytes,
            head_bytes=self.head_limit_bytes,
            headers=self.header_limit,
            head_seconds=self.head_timeout_seconds,
            connections=self.connection_limit,
            keep_alive_seconds=self.keep_alive_seconds,
        )

    @property
    def https_files(self) -> HttpsFiles | None:
        """The certificate and its key; None if there are none."""
        if self.https_certificate_file is None or self.https_key_file is None:
            return None
        return HttpsFiles(self.https_certificate_file, self.https_key_file)

    @model_validator(mode="after")
    def _has_certificate_and_key_or_neither(self) -> "HttpSettings":
        if (self.https_certificate_file is None) != (self.https_key_file is None):
            names = "GATEWAY_HTTPS_CERTIFICATE_FILE and GATEWAY_HTTPS_KEY_FILE"
            raise ValueError(f"{names}: give both or neither")
        return self


# Callbacks hold links to files, not files: the longest message with all its links is far below
# this, and a whole batch of such bodies fits into one gRPC message.
BODY_LIMIT_BYTES = MAX_MESSAGE_BYTES // BATCH_LIMIT


class Settings(CallerSettings, HttpSettings, TracesSettings):
    """All settings, read once in `__main__`."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")
    links = ("conversation_target",)
    addresses = ("listen", "traces_endpoint")

    listen: Address = Field(
        "127.0.0.1:8080",
        description="Address that the server listens on for the carrier's callbacks.",
    )
    conversation_target: Address = Field(
        "127.0.0.1:8081", description="Address of the conversation service."
    )
    conversation_token: Secret | None = Field(
        None,
        description="Token for the conversation service, if its file of callers lists the gateway "
        "by a token instead of a certificate.",
    )
    body_limit_bytes: int = Field(
        BODY_LIMIT_BYTES,
        gt=0,
        le=BODY_LIMIT_BYTES,
        description="Largest body of a callback; above that 413.",
    )
    body_timeout_seconds: float = Field(
        10.0, gt=0, le=60, description="Longest wait for a body; then 408."
    )
    call_timeout_seconds: float = Field(
        8.0,
        gt=0,
        le=60,
        description="Longest wait for the conversation service; then 503. Has to be below the "
        "carrier's timeout.",
    )
    serves_openapi: bool = Field(
        False, description="Whether /openapi.json and /docs describe the gateway to everybody."
    )
    log_level: LogLevel = Field("info", description="Lowest level that is logged.")

    @model_validator(mode="after")
    def _requires_authenticated_callbacks(self) -> "Settings":
        if not self.authenticates_callbacks:
            names = self.env_names("callback_tokens", "basic_password", "allowed_sources")
            self.require_loopback(f"anybody may send callbacks; set one of {names}")
        return self
