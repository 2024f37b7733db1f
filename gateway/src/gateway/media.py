"""The endpoint at which the carrier fetches the files of the texts that it is to deliver."""

import re
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import GatewayFailed, MediaNotFound, Refused, problem_response
from maskline.conversation.v1 import media_pb2 as pb
from runtime.logging.setup import raised_at

log = structlog.get_logger()

# What the contract takes; a malformed address is asked about nowhere.
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,128}")
# Without a name: the sender's is not known here, and is nobody's business. What keeps it out of
# caches and from being taken for another type goes with every answer.
_HEADERS = {"Content-Disposition": "inline"}


class KeepsMedia(Protocol):
    """Where files are kept."""

    async def get_media(self, media_token: str) -> pb.GetMediaResponse:
        """Raises FileNotKept for a file that is not kept, NotNow when nobody can tell."""
        ...


class MediaFiles:
    """Answers 200 with a file, and the same 404 whatever it is that keeps it from being there."""

    def __init__(self, conversations: KeepsMedia) -> None:
        self._conversations = conversations

    async def file(self, request: Request) -> Response:
        """One file, by the last part of its address, which no log may hold."""
        try:
            return await self._found(request.path_params["media_token"])
        except Refused as refused:
            return problem_response(refused)
        except Exception as error:
            log.error("gateway_failed", error=type(error).__name__, at=raised_at(error))
            return problem_response(GatewayFailed("The gateway failed. Ask again."))

    async def _found(self, media_token: str) -> Response:
        if not _TOKEN.fullmatch(media_token):
            raise MediaNotFound
        media = await self._conversations.get_media(media_token)
        return Response(media.content, 200, _HEADERS, media.content_type)
