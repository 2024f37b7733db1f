"""The endpoint at which the carrier fetches the files of outbound messages."""

import re

import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.conversation_client import ConversationClient
from gateway.problems import GatewayFailed, MediaNotFound, Refused, problem_response
from runtime.logging.setup import raised_at

log = structlog.get_logger()

# The contract's limits; a malformed token is not sent to the conversation service.
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,128}")

# Without a file name: that of the sender is not known, and must not be passed on.
_HEADERS = {"Content-Disposition": "inline"}


class MediaFiles:
    """Responds with a file, or with the same 404 whatever the reason for its absence."""

    def __init__(self, conversations: ConversationClient) -> None:
        self._conversations = conversations

    async def file(self, request: Request) -> Response:
        """One file, by the token in its address, which no log may hold."""
        try:
            return await self._fetch(request.path_params["media_token"])
        except Refused as refused:
            return problem_response(refused)
        except Exception as error:
            log.error("gateway_failed", error=type(error).__name__, at=raised_at(error))
            return problem_response(GatewayFailed("The gateway failed. Ask again."))

    async def _fetch(self, media_token: str) -> Response:
        if not _TOKEN.fullmatch(media_token):
            raise MediaNotFound
        media = await self._conversations.get_media(media_token)
        return Response(media.content, 200, _HEADERS, media.content_type)
