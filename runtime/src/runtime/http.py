"""An ASGI application as a process."""

import uvicorn
from uvicorn._types import ASGIApplication

from runtime.shutdown import GRACE_SECONDS

# Idle connections are kept a little longer than the carrier's resend interval.
KEEP_ALIVE_SECONDS = 35
CONNECTION_BACKLOG = 2048


async def serve_http(app: ASGIApplication, listen: str) -> None:
    """Serves `app` on "host:port" until SIGTERM or SIGINT, then lets live requests finish."""
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
    await uvicorn.Server(config).serve()
