"""An ASGI application as a process."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import FrameType

import uvicorn

from runtime.http.limits import HttpLimits, LimitedConfig, LimitedProtocol
from runtime.shutdown import GRACE_SECONDS

CONNECTION_BACKLOG = 2048

# ASGI frameworks and servers type their messages differently; the protocol is the same.
AsgiApplication = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How a server meets its callers: what they may take, what every answer says, TLS or none."""

    limits: HttpLimits = field(default_factory=HttpLimits)
    headers: tuple[tuple[str, str], ...] = ()
    tls: ssl.SSLContext | None = None


DEFAULT_OPTIONS = HttpOptions()


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
    app: AsgiApplication,
    listen: str,
    *,
    on_stop: Callable[[], None] = _nothing,
    options: HttpOptions = DEFAULT_OPTIONS,
) -> None:
    """Serves `app` on "host:port" until SIGTERM or SIGINT, then lets live requests finish.

    `on_stop` is called first: the place to end requests that would never finish by themselves.
    """
    server = http_server(app, listen, options)
    server.on_stop = on_stop
    await server.serve()


def http_server(
    app: AsgiApplication, listen: str, options: HttpOptions = DEFAULT_OPTIONS
) -> HttpServer:
    """A server of `app` on "host:port" that has not started; port 0 takes a free one."""
    host, _, port = listen.rpartition(":")
    config = LimitedConfig(
        app,
        host=host.strip("[]"),
        port=int(port),
        loop="uvloop",
        http=LimitedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        # Below that, uvicorn logs what strangers make it say: as many lines as they like.
        log_level="error",
        server_header=False,
        proxy_headers=False,
        # uvicorn puts them on every answer, its own refusals too.
        headers=list(options.headers),
        backlog=CONNECTION_BACKLOG,
        timeout_keep_alive=options.limits.keep_alive_seconds,
        timeout_graceful_shutdown=int(GRACE_SECONDS),
        ssl_context_factory=_shows(options.tls),
    )
    config.limits = options.limits
    return HttpServer(config)


def _shows(
    tls: ssl.SSLContext | None,
) -> Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext] | None:
    return (lambda _config, _default: tls) if tls else None
