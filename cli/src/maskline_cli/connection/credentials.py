"""The credentials of the command line: certificate, key, authority and token."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from runtime.grpc.client import Credentials
from runtime.reloading import ConfigFileError, read_bytes
from runtime.settings.server import is_local
from runtime.tls import TlsFiles

_FILE = "FILE"

TlsCa = Annotated[
    Path | None,
    typer.Option(
        envvar="MASKLINE_TLS_CA",
        metavar=_FILE,
        help="CA certificate of the service (PEM).",
        show_default=False,
    ),
]

TlsCertificate = Annotated[
    Path | None,
    typer.Option(
        envvar="MASKLINE_TLS_CERTIFICATE",
        metavar=_FILE,
        help="Client certificate (PEM).",
        show_default=False,
    ),
]

TlsKey = Annotated[
    Path | None,
    typer.Option(
        envvar="MASKLINE_TLS_KEY",
        metavar=_FILE,
        help="Private key of the client certificate (PEM).",
        show_default=False,
    ),
]

TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="MASKLINE_TOKEN_FILE",
        metavar=_FILE,
        help="File with the access token.",
        show_default=False,
    ),
]

Insecure = Annotated[
    bool,
    typer.Option(
        "--insecure",
        envvar="MASKLINE_INSECURE",
        help="Allows plaintext connections to other machines.",
    ),
]


def credentials(
    target: str,
    files: tuple[Path | None, Path | None, Path | None],
    token_file: Path | None,
    *,
    allow_plaintext: bool,
) -> Credentials:
    """The credentials for `target`; the files are certificate, key, authority.

    Raises typer.BadParameter.
    """
    tls = _tls(files)
    if tls is None and not (allow_plaintext or is_local(target)):
        raise typer.BadParameter(
            "the connection to another machine would be plaintext: use --tls-ca, "
            "--tls-certificate and --tls-key, or --insecure"
        )
    return Credentials(tls, _token(token_file) if token_file else None)


def _tls(files: tuple[Path | None, Path | None, Path | None]) -> TlsFiles | None:
    certificate, key, authority = files
    if certificate and key and authority:
        return TlsFiles(certificate, key, authority)
    if any(files):
        raise typer.BadParameter("--tls-ca, --tls-certificate and --tls-key require each other")
    return None


def _token(path: Path) -> SecretStr:
    try:
        token = read_bytes(path).decode("ascii").strip()
    except ConfigFileError as error:
        raise typer.BadParameter(str(error)) from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{path} does not contain a token") from None
    if not token:
        raise typer.BadParameter(f"{path} is empty")
    return SecretStr(token)
