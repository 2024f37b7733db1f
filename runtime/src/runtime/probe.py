"""Asks a server for its health: `python -m runtime.probe grpc HOST:PORT` or `... http URL`.

A container's health check. The exit status is 0 for healthy and 1 for anything else.
"""

import argparse
import asyncio
import http.client
import sys
from urllib.parse import urlsplit

# A healthy server answers in milliseconds; a health check must end before the next one begins.
TIMEOUT_SECONDS = 2.0


def http_answers(url: str) -> bool:
    """Whether a GET of this `http://` URL is answered with 200 in time."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


async def grpc_serves(target: str) -> bool:
    """Whether the standard health service at "host:port" says SERVING in time."""
    # Imported here: a look over HTTP should not pay for what it does not use.
    import grpc
    from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

    # A subchannel of its own: no look inherits the reconnect pause of an earlier one.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(target, options=options) as channel:
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


def main() -> None:
    """Ends the process with the answer as its status."""
    parser = argparse.ArgumentParser(prog="runtime.probe", description="Asks a server's health.")
    parser.add_argument("protocol", choices=("grpc", "http"))
    parser.add_argument("address", help="HOST:PORT for grpc, a URL for http")
    asked = parser.parse_args()
    if asked.protocol == "http":
        healthy = http_answers(asked.address)
    else:
        healthy = asyncio.run(grpc_serves(asked.address))
    sys.exit(0 if healthy else 1)


if __name__ == "__main__":
    main()
