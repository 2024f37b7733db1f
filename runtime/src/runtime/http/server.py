"""Serves an ASGI application with uvicorn."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import FrameType

import uvicorn

from runtime.http.limits import HttpLimits, LimitedConfig, LimitedProtocol
from runtime.shutdown import GRACE_SECONDS

CONNECTION_BACKLOG = 2048

# Frameworks and servers type the same ASGI messages differently.
AsgiApplication = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Limits, the headers of every response, and TLS or none."""

    limits: HttpLimits = field(default_factory=HttpLimits)
    headers: tuple[tuple[str, str], ...] = ()
    tls: ssl.SSLContext | None = None


DEFAULT_OPTIONS = HttpOptions()


def _do_nothing() -> None:
    """The default of `on_stop`."""


class HttpServer(uvicorn.Server):
    """Returns after a signal to stop, as a stop is no failure."""

    on_stop: Callable[[], None] = staticmethod(_do_nothing)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops without raising the signal again, as uvicorn would: channels are still open."""
        self.on_stop()
        self.should_exit = True


async def serve_http(
    app: AsgiApplication,
    listen: str,
    *,
    on_stop: Callable[[], None] = _do_nothing,
    options: HttpOptions = DEFAULT_OPTIONS,
) -> None:
    """Serves `app` on "host:port" until SIGTERM or SIGINT, then lets live requests finish.

    `on_stop` is called first, to end requests that would never finish by themselves.
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
        # Below that, uvicorn logs a line for every malformed request.
        log_level="error",
        server_header=False,
        proxy_headers=False,
        # uvicorn adds them to every response, also to its own.
        headers=list(options.headers),
        backlog=CONNECTION_BACKLOG,
        timeout_keep_alive=options.limits.keep_alive_seconds,
        timeout_graceful_shutdown=int(GRACE_SECONDS),
        ssl_context_factory=_context_factory(options.tls),
    )
    config.limits = options.limits
    return HttpServer(config)


def _context_factory(
    tls: ssl.SSLContext | None,
) -> Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext] | None:
    return (lambda _config, _default: tls) if tls else None
