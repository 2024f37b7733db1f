"""An ASGI application as a process."""

from collections.abc import Awaitable, Callable
from types import FrameType

import uvicorn

from runtime.shutdown import GRACE_SECONDS

# Idle connections are kept a little longer than the carrier's resend interval.
KEEP_ALIVE_SECONDS = 35
CONNECTION_BACKLOG = 2048

# ASGI frameworks and servers type their messages differently; the protocol is the same.
AsgiApplication = Callable[..., Awaitable[None]]


def _nothing() -> None:
    """For applications that have nothing to do before a stop."""


class HttpServer(uvicorn.Server):
    """Ends quietly when it is asked to stop."""

    on_stop: Callable[[], None] = staticmethod(_nothing)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops, and does not raise the signal again afterwards as uvicorn would.

        The process still has to close its channels, and a stop that was asked for is no failure.
        """
        self.on_stop()
        self.should_exit = True


async def serve_http(
    app: AsgiApplication, listen: str, *, on_stop: Callable[[], None] = _nothing
) -> None:
    """Serves `app` on "host:port" until SIGTERM or SIGINT, then lets live requests finish.

    `on_stop` is called first: the place to end requests that would never finish by themselves.
    """
    server = http_server(app, listen)
    server.on_stop = on_stop
    await server.serve()


def http_server(app: AsgiApplication, listen: str) -> HttpServer:
    """A server of `app` on "host:port" that has not started; port 0 takes a free one."""
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app,
        host=host,
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=CONNECTION_BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(GRACE_SECONDS),
    )
    return HttpServer(config)
