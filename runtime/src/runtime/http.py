"""An ASGI application as a process."""

from types import FrameType

import uvicorn
from uvicorn._types import ASGIApplication

from runtime.shutdown import GRACE_SECONDS

# Idle connections are kept a little longer than the carrier's resend interval.
KEEP_ALIVE_SECONDS = 35
CONNECTION_BACKLOG = 2048


class HttpServer(uvicorn.Server):
    """Ends quietly when it is asked to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops, and does not raise the signal again afterwards as uvicorn would.

        The process still has to close its channels, and a stop that was asked for is no failure.
        """
        self.should_exit = True


async def serve_http(app: ASGIApplication, listen: str) -> None:
    """Serves `app` on "host:port" until SIGTERM or SIGINT, then lets live requests finish."""
    await http_server(app, listen).serve()


def http_server(app: ASGIApplication, listen: str) -> HttpServer:
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
