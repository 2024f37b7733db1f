"""Liveness and readiness of the gateway."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.conversation_client import ConversationClient
from gateway.problems import ServiceUnavailable, problem_response


class Health:
    """The two endpoints that an orchestrator calls."""

    def __init__(self, conversations: ConversationClient) -> None:
        self._conversations = conversations

    async def healthz(self, _: Request) -> Response:
        """200 while the process is alive."""
        return Response(b"{}", media_type="application/json")

    async def readyz(self, _: Request) -> Response:
        """200 while the conversation service serves this gateway, 503 otherwise."""
        if await self._conversations.refuses_access():
            detail = "The conversation service refuses the token or certificate of this gateway."
        elif not await self._conversations.is_serving():
            detail = "The conversation service does not take calls now."
        else:
            return Response(b"{}", media_type="application/json")
        return problem_response(ServiceUnavailable(detail))
