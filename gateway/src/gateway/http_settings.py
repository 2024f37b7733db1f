"""Settings of what callers may take of the server, and of its own HTTPS."""

from pydantic import Field, model_validator

from runtime.http_protocol import HttpLimits
from runtime.https import HttpsFiles
from runtime.setting_types import OptionalFile
from runtime.settings import ServiceSettings

LIMITS = HttpLimits()


class HttpSettings(ServiceSettings):
    """Every default is far above what a carrier's callback takes."""

    request_line_limit_bytes: int = Field(
        LIMITS.request_line_bytes,
        ge=512,
        le=65_536,
        description="Longest address that is asked for; above that 414.",
    )
    head_limit_bytes: int = Field(
        LIMITS.head_bytes,
        ge=1024,
        le=65_536,
        description="Largest head of a request; above that 431.",
    )
    header_limit: int = Field(
        LIMITS.headers,
        ge=16,
        le=1000,
        description="Most headers of a request; above that 431.",
    )
    head_timeout_seconds: float = Field(
        LIMITS.head_seconds,
        gt=0,
        le=60,
        description="Longest wait for a head to arrive; then the connection is cut.",
    )
    connection_limit: int = Field(
        LIMITS.connections,
        gt=0,
        le=100_000,
        description="Most connections at once, below the open files that the system allows; one "
        "more is answered 503.",
    )
    keep_alive_seconds: int = Field(
        LIMITS.keep_alive_seconds,
        gt=0,
        le=300,
        description="How long a connection is kept between two requests.",
    )
    https_certificate_file: OptionalFile = Field(
        None,
        description="Certificate (PEM, with its chain) that callers see: TLS 1.2 or newer instead "
        "of plain HTTP; renewed files are used without a restart.",
    )
    https_key_file: OptionalFile = Field(
        None, description="The certificate's key (PEM). Both or neither."
    )

    @property
    def http_limits(self) -> HttpLimits:
        """What one connection may take."""
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
        """Where the certificate is, if there is one."""
        if self.https_certificate_file is None or self.https_key_file is None:
            return None
        return HttpsFiles(self.https_certificate_file, self.https_key_file)

    @model_validator(mode="after")
    def _has_certificate_and_key_or_neither(self) -> "HttpSettings":
        if (self.https_certificate_file is None) != (self.https_key_file is None):
            names = "GATEWAY_HTTPS_CERTIFICATE_FILE and GATEWAY_HTTPS_KEY_FILE"
            raise ValueError(f"{names}: give both or neither")
        return self
