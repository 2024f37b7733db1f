"""How this command line shows the conversation service who it is."""

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
        help="The authority (PEM) of the service's certificate.",
        show_default=False,
    ),
]

TlsCertificate = Annotated[
    Path | None,
    typer.Option(
        envvar="MASKLINE_TLS_CERTIFICATE",
        metavar=_FILE,
        help="Your own certificate (PEM).",
        show_default=False,
    ),
]

TlsKey = Annotated[
    Path | None,
    typer.Option(
        envvar="MASKLINE_TLS_KEY", metavar=_FILE, help="Its key (PEM).", show_default=False
    ),
]

TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="MASKLINE_TOKEN_FILE",
        metavar=_FILE,
        help="Holds the token that says who you are.",
        show_default=False,
    ),
]

Insecure = Annotated[
    bool,
    typer.Option(
        "--insecure",
        envvar="MASKLINE_INSECURE",
        help="Lets plain text go to another machine.",
    ),
]


def credentials(
    target: str,
    files: tuple[Path | None, Path | None, Path | None],
    token_file: Path | None,
    *,
    may_be_plain: bool,
) -> Credentials:
    """What is shown to `target`; the files are certificate, key, authority.

    Raises typer.BadParameter.
    """
    tls = _tls(files)
    if tls is None and not (may_be_plain or is_local(target)):
        raise typer.BadParameter(
            "this would be plain text to another machine: give --tls-ca, --tls-certificate and "
            "--tls-key, or say --insecure"
        )
    return Credentials(tls, _token(token_file) if token_file else None)


def _tls(files: tuple[Path | None, Path | None, Path | None]) -> TlsFiles | None:
    certificate, key, authority = files
    if certificate and key and authority:
        return TlsFiles(certificate, key, authority)
    if any(files):
        raise typer.BadParameter("--tls-ca, --tls-certificate and --tls-key belong together")
    return None


def _token(path: Path) -> SecretStr:
    try:
        token = read_bytes(path).decode("ascii").strip()
    except ConfigFileError as error:
        raise typer.BadParameter(str(error)) from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{path} holds no token") from None
    if not token:
        raise typer.BadParameter(f"{path} is empty")
    return SecretStr(token)
