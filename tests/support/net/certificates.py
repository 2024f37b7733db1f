"""A certificate authority for tests."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from runtime.tls import TlsFiles

LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Signs certificates."""

    name: str = "authority"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def certificate(self) -> x509.Certificate:
        """The certificate of the authority."""
        return self._signed(self.name, self.key.public_key(), is_authority=True)

    def files(self, folder: Path, name: str, *, common_name: str = "", uri: str = "") -> TlsFiles:
        """A certificate for a DNS name and its key, in a folder; replaces former files."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = []
        names += [x509.DNSName(name)] * bool(name)
        names += [x509.UniformResourceIdentifier(uri)] * bool(uri)
        names += [x509.IPAddress(ip_address("127.0.0.1"))] * bool(names)
        own = self._signed(common_name or name, key.public_key(), names)
        files = TlsFiles(folder / "own.pem", folder / "own.key", folder / "authority.pem")
        replace(files.authority, self.certificate().public_bytes(Encoding.PEM))
        replace(files.certificate, own.public_bytes(Encoding.PEM))
        replace(files.key, pem(key))
        return files

    def _signed(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        names: list[x509.GeneralName] | None = None,
        *,
        is_authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self.name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - LIFETIME)
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, SHA256())


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key in PEM form."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def replace(path: Path, content: bytes) -> None:
    """Replaces a file atomically, as certificate managers do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.rename(path)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
