"""Asks a server for its health: `python -m runtime.probe grpc HOST:PORT` or `... http URL`.

A container's health check. The exit status is 0 for healthy and 1 for anything else. With
`--settings PREFIX` it asks as fits the process beside it, from the same environment. Over gRPC it
shows that one's certificate, which then needs the host as a name too. Over HTTP it asks by HTTPS
where that one serves it, and trusts the very certificate in that one's file, whatever its name.
"""

import argparse
import asyncio
import http.client
import os
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from runtime.tls import TlsFiles


# A healthy server answers in milliseconds; a health check must end before the next one begins.
TIMEOUT_SECONDS = 2.0


def http_answers(url: str, certificate: Path | None = None) -> bool:
    """Whether a GET of this `http://` URL is answered with 200 in time.

    With the file of a certificate it is asked by HTTPS, of whoever holds that certificate.
    """
    parts = urlsplit(url)
    try:
        connection = _connection(parts.netloc, certificate)
    except OSError:
        return False
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(place: str, certificate: Path | None) -> http.client.HTTPConnection:
    """Raises OSError for a certificate that cannot be read."""
    if certificate is None:
        return http.client.HTTPConnection(place, timeout=TIMEOUT_SECONDS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # It carries the name that the carrier calls, and this is asked on loopback.
    context.check_hostname = False
    # Trusted by itself: its authority need not be known here.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return http.client.HTTPSConnection(place, timeout=TIMEOUT_SECONDS, context=context)


async def grpc_serves(target: str, tls: "TlsFiles | None" = None) -> bool:
    """Whether the standard health service at "host:port" says SERVING in time."""
    # Imported here: a look over HTTP should not pay for what it does not use.
    import grpc
    from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

    from runtime.reloading import ConfigFileError
    from runtime.tls import channel_credentials, read_identity

    # A subchannel of its own: no look inherits the reconnect pause of an earlier one.
    options = [("grpc.use_local_subchannel_pool", 1)]
    try:
        if tls is None:
            opened = grpc.aio.insecure_channel(target, options=options)
        else:
            shown = channel_credentials(read_identity(tls))
            opened = grpc.aio.secure_channel(target, shown, options=options)
    except ConfigFileError:
        return False
    async with opened as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
        try:
            answer: HealthCheckResponse = await check(HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return answer.status == HealthCheckResponse.SERVING


def tls_files_in(environment: Mapping[str, str], prefix: str) -> "TlsFiles | None":
    """The certificate of the process whose settings begin with `prefix`, if it has one."""
    from runtime.tls import TlsFiles

    names = ("CERTIFICATE", "KEY", "CA")
    certificate, key, authority = (environment.get(f"{prefix}TLS_{one}_FILE") for one in names)
    if not (certificate and key and authority):
        return None
    return TlsFiles(Path(certificate), Path(key), Path(authority))


def https_certificate_in(environment: Mapping[str, str], prefix: str) -> Path | None:
    """What the process whose settings begin with `prefix` shows over HTTPS, if it serves it."""
    named = environment.get(f"{prefix}HTTPS_CERTIFICATE_FILE")
    return Path(named) if prefix and named else None


def main() -> None:
    """Ends the process with the answer as its status."""
    parser = argparse.ArgumentParser(
        prog="runtime.healthcheck", description="Asks a server's health."
    )
    parser.add_argument("protocol", choices=("grpc", "http"))
    parser.add_argument("address", help="HOST:PORT for grpc, a URL for http")
    parser.add_argument("--settings", metavar="PREFIX", default="", help="such as CONVERSATION_")
    asked = parser.parse_args()
    if asked.protocol == "http":
        certificate = https_certificate_in(os.environ, asked.settings)
        healthy = http_answers(asked.address, certificate)
    else:
        tls = tls_files_in(os.environ, asked.settings)
        healthy = asyncio.run(grpc_serves(asked.address, tls))
    sys.exit(0 if healthy else 1)


if __name__ == "__main__":
    main()
