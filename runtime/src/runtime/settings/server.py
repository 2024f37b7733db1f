"""Settings of gRPC links and servers: TLS, callers, and whether plain text is allowed."""

import ipaddress
from typing import ClassVar

from pydantic import Field, SecretStr, model_validator

from runtime.settings.base import ServiceSettings
from runtime.settings.types import OptionalFile, split_url
from runtime.tls import TlsFiles


class LinkSettings(ServiceSettings):
    """Settings of a gRPC client or server.

    A link to another machine has to be encrypted unless `allows_insecure_links` is set.
    """

    # The settings that hold addresses of gRPC servers.
    links: ClassVar[tuple[str, ...]] = ()
    # The settings with all other addresses that the process listens on or connects to.
    addresses: ClassVar[tuple[str, ...]] = ()

    tls_certificate_file: OptionalFile = Field(
        None,
        description="Certificate (PEM, with its chain) for calls to and from other services; "
        "renewed files are used without a restart. All three files or none.",
    )
    tls_key_file: OptionalFile = Field(None, description="The certificate's key (PEM).")
    tls_ca_file: OptionalFile = Field(
        None, description="The only authority (PEM) whose certificates are trusted."
    )
    allows_insecure_links: bool = Field(
        False,
        description="Whether links to other machines may be plain text; only for isolated "
        "networks.",
    )

    @property
    def tls_files(self) -> TlsFiles | None:
        """The TLS files; None if there are none."""
        certificate, key, authority = self.tls_certificate_file, self.tls_key_file, self.tls_ca_file
        if certificate is None or key is None or authority is None:
            return None
        return TlsFiles(certificate, key, authority)

    @model_validator(mode="after")
    def _has_all_tls_files_or_none(self) -> "LinkSettings":
        names = ("tls_certificate_file", "tls_key_file", "tls_ca_file")
        missing = [name for name in names if getattr(self, name) is None]
        if missing and len(missing) < len(names):
            raise ValueError(
                f"{self.env_names(*missing)} missing: give all three TLS files or none"
            )
        return self

    @model_validator(mode="after")
    def _requires_encrypted_links(self) -> "LinkSettings":
        exposed = [name for name in self.links if not is_local(getattr(self, name))]
        if exposed and self.tls_files is None and not self.allows_insecure_links:
            raise ValueError(
                f"{self.env_names(*exposed)} would be plain text between machines: give the TLS "
                f"files, or set {self.env_names('allows_insecure_links')} to true"
            )
        return self

    def require_loopback(self, problem: str) -> None:
        """Raises ValueError if an address is not on this machine; such a setup is for trying out.

        `problem` says what is missing from a deployment.
        """
        exposed = [
            name
            for name in (*self.links, *self.addresses)
            if (value := getattr(self, name)) and not is_local_url(_plain(value))
        ]
        if exposed:
            raise ValueError(
                f"{problem}. That is allowed only while all addresses are on loopback, and "
                f"{self.env_names(*exposed)} is not"
            )

    @classmethod
    def env_names(cls, *names: str) -> str:
        """The environment variables of these settings."""
        prefix = cls.model_config.get("env_prefix", "")
        return ", ".join(f"{prefix}{name}".upper() for name in names)


class ServerSettings(LinkSettings):
    """Settings of a gRPC service."""

    callers_file: OptionalFile = Field(
        None,
        description="TOML file of the callers with their roles, by certificate or token; changes "
        "are used without a restart. Without a file everybody may call everything.",
    )
    serves_reflection: bool = Field(
        False, description="Whether the server offers gRPC reflection to everybody."
    )

    @model_validator(mode="after")
    def _requires_callers_with_tls(self) -> "ServerSettings":
        if self.tls_files is not None and self.callers_file is None:
            names = self.env_names("callers_file")
            raise ValueError(f"{names} missing: say whose certificates may do what")
        return self


def is_local_url(value: str) -> bool:
    """Whether a URL, "host:port" or a gRPC target is on this machine."""
    scheme, separator, _ = value.partition("://")
    if not separator or scheme == "unix":
        return is_local(value)
    return is_local(f"{split_url(value).hostname or 'localhost'}:0")


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def is_local(address: str) -> bool:
    """Whether "host:port" or a gRPC target is on this machine."""
    if address.startswith("unix:"):
        return True
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
