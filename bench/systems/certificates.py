"""Certificates for one deployment of the benchmark, and the settings that use them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.tls import TlsFiles
from support.net.certificates import Authority

# The prefix of the settings, and the service's name in the callers file.
SERVICES = {
    "GATEWAY": "gateway",
    "CONVERSATION": "conversation-service",
    "MESSAGING": "messaging-service",
}

REDIS = "redis"

CALLERS = "".join(
    f'[[callers]]\ncertificate = "{name}"\nrole = "{name}"\n'
    for name in ("gateway", "conversation-service")
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """One for each service and one for Redis, issued by one authority."""

    files: Mapping[str, TlsFiles]
    callers: Path

    @classmethod
    def create(cls, folder: Path) -> "Certificates":
        """Creates new ones below the folder."""
        authority, own = Authority(), folder / "certificates"
        names = (*SERVICES.values(), REDIS)
        files = {name: authority.files(own / name, name) for name in names}
        callers = own / "callers.toml"
        callers.write_text(CALLERS)
        return cls(files, callers)

    def link_settings(self) -> Iterator[tuple[str, str]]:
        """Mutual TLS on every gRPC link, and roles at both gRPC services."""
        for prefix, name in SERVICES.items():
            own = self.files[name]
            yield f"{prefix}_TLS_CERTIFICATE_FILE", str(own.certificate)
            yield f"{prefix}_TLS_KEY_FILE", str(own.key)
            yield f"{prefix}_TLS_CA_FILE", str(own.authority)
            if prefix != "GATEWAY":
                yield f"{prefix}_CALLERS_FILE", str(self.callers)

    def redis_settings(self) -> Iterator[tuple[str, str]]:
        """Client certificates of the two services that use Redis."""
        for prefix in ("CONVERSATION", "MESSAGING"):
            own = self.files[SERVICES[prefix]]
            yield f"{prefix}_REDIS_CERTIFICATE_FILE", str(own.certificate)
            yield f"{prefix}_REDIS_KEY_FILE", str(own.key)
            yield f"{prefix}_REDIS_CA_FILE", str(own.authority)

    def redis_options(self, port: int) -> tuple[str, ...]:
        """For a server with TLS on this port that requires client certificates."""
        own = self.files[REDIS]
        return (
            *("--tls-port", str(port)),
            *("--tls-cert-file", str(own.certificate), "--tls-key-file", str(own.key)),
            *("--tls-ca-cert-file", str(own.authority), "--tls-auth-clients", "yes"),
        )
