"""The gateway as a process."""

import structlog

from gateway.app import create_app
from gateway.body import BodyLimits
from gateway.conversations import MEDIA_SERVICE, SERVICE, Conversations
from gateway.settings import Settings
from runtime.grpc_client import open_channel
from runtime.http import serve_http

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; what is under way then is finished first."""
    channel = open_channel(settings.conversation_target, [SERVICE, MEDIA_SERVICE])
    conversations = Conversations(channel, settings.call_timeout_seconds)
    limits = BodyLimits(settings.body_limit_bytes, settings.body_timeout_seconds)
    log.info("serving", listen=settings.listen)
    try:
        await serve_http(create_app(conversations, limits), settings.listen)
    finally:
        log.info("stopping")
        await conversations.drain()
        await channel.close()
