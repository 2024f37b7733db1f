"""The gateway as a process."""

import structlog

from gateway.answers import headers_of_every_answer
from gateway.app import create_app
from gateway.body import BodyLimits
from gateway.conversations import MEDIA_SERVICE, SERVICE, Conversations
from gateway.settings import Settings
from runtime.grpc_client import Credentials, open_channel
from runtime.http import HttpOptions, serve_http
from runtime.https import https_context

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; what is under way then is finished first.

    Raises UnusableFile.
    """
    options = http_options(settings)
    shown = Credentials(settings.tls_files, settings.conversation_token)
    channel = open_channel(settings.conversation_target, [SERVICE, MEDIA_SERVICE], shown)
    conversations = Conversations(channel, settings.call_timeout_seconds)
    limits = BodyLimits(settings.body_limit_bytes, settings.body_timeout_seconds)
    app = create_app(
        conversations, limits, settings.gate_rules, serves_openapi=settings.serves_openapi
    )
    log.info("serving", listen=settings.listen)
    _warn_of_open_callbacks(settings)
    try:
        await serve_http(app, settings.listen, options=options)
    finally:
        log.info("stopping")
        await conversations.drain()
        await channel.close()


def http_options(settings: Settings) -> HttpOptions:
    """How callers are met. Raises UnusableFile."""
    files = settings.https_files
    return HttpOptions(
        limits=settings.http_limits,
        headers=headers_of_every_answer(is_https=bool(files or settings.trusted_proxies)),
        tls=https_context(files) if files else None,
    )


def _warn_of_open_callbacks(settings: Settings) -> None:
    if not settings.gate_rules.callers.callback_tokens:
        log.warning("callbacks_without_token", setting="GATEWAY_CALLBACK_TOKENS")
