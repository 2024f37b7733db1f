"""Health check: `python -m runtime.healthcheck grpc HOST:PORT` or `... http URL`.

The exit status is 0 for healthy and 1 for anything else. `--settings PREFIX` reads the TLS files
from the environment of the service that is checked. Over gRPC the check uses the service's own
certificate, which then needs the host as one of its names. Over HTTP it uses HTTPS if the service
has a certificate, and trusts exactly that certificate, whatever its name.
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


# A healthy server responds in milliseconds; a check has to end before the next one begins.
TIMEOUT_SECONDS = 2.0


def http_is_healthy(url: str, certificate: Path | None = None) -> bool:
    """Whether a GET of this `http://` URL returns 200 in time.

    With the file of a certificate it uses HTTPS and trusts that certificate only.
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


def _connection(address: str, certificate: Path | None) -> http.client.HTTPConnection:
    """Raises OSError for a certificate that cannot be read."""
    if certificate is None:
        return http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # It carries the public name, and the check connects to loopback.
    context.check_hostname = False
    # Trusted itself, so its authority need not be known here.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return http.client.HTTPSConnection(address, timeout=TIMEOUT_SECONDS, context=context)


async def grpc_is_serving(target: str, tls: "TlsFiles | None" = None) -> bool:
    """Whether the standard health service at "host:port" returns SERVING in time."""
    # Imported here, as a check over HTTP does not need them.
    import grpc
    from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

    from runtime.reloading import ConfigFileError
    from runtime.tls import channel_credentials, read_identity

    # A subchannel of its own, so that no check inherits the reconnect backoff of an earlier one.
    options = [("grpc.use_local_subchannel_pool", 1)]
    try:
        if tls is None:
            channel = grpc.aio.insecure_channel(target, options=options)
        else:
            credentials = channel_credentials(read_identity(tls))
            channel = grpc.aio.secure_channel(target, credentials, options=options)
    except ConfigFileError:
        return False
    async with channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
        try:
            response: HealthCheckResponse = await check(
                HealthCheckRequest(), timeout=TIMEOUT_SECONDS
            )
        except grpc.aio.AioRpcError:
            return False
    return response.status == HealthCheckResponse.SERVING


def tls_files_in(environment: Mapping[str, str], prefix: str) -> "TlsFiles | None":
    """The gRPC certificate of the service whose settings begin with `prefix`, if it has one."""
    from runtime.tls import TlsFiles

    names = ("CERTIFICATE", "KEY", "CA")
    certificate, key, authority = (environment.get(f"{prefix}TLS_{name}_FILE") for name in names)
    if not (certificate and key and authority):
        return None
    return TlsFiles(Path(certificate), Path(key), Path(authority))


def https_certificate_in(environment: Mapping[str, str], prefix: str) -> Path | None:
    """The HTTPS certificate of the service whose settings begin with `prefix`, if it has one."""
    path = environment.get(f"{prefix}HTTPS_CERTIFICATE_FILE")
    return Path(path) if prefix and path else None


def main() -> None:
    """Ends the process with the result as its exit status."""
    parser = argparse.ArgumentParser(
        prog="runtime.healthcheck", description="Checks the health of a server."
    )
    parser.add_argument("protocol", choices=("grpc", "http"))
    parser.add_argument("address", help="HOST:PORT for grpc, a URL for http")
    parser.add_argument("--settings", metavar="PREFIX", default="", help="such as CONVERSATION_")
    arguments = parser.parse_args()
    if arguments.protocol == "http":
        certificate = https_certificate_in(os.environ, arguments.settings)
        healthy = http_is_healthy(arguments.address, certificate)
    else:
        tls = tls_files_in(os.environ, arguments.settings)
        healthy = asyncio.run(grpc_is_serving(arguments.address, tls))
    sys.exit(0 if healthy else 1)


if __name__ == "__main__":
    main()
