"""Whether the gateway lives, and whether it makes sense to send it callbacks."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import NotNow, problem_response


class TellsHealth(Protocol):
    """What the gateway stands on."""

    async def is_serving(self) -> bool:
        """Whether it takes calls now."""
        ...


class Health:
    """The two questions that who runs the gateway asks it."""

    def __init__(self, conversations: TellsHealth) -> None:
        self._conversations = conversations

    async def healthz(self, _: Request) -> Response:
        """200 while the process lives."""
        return Response(b"{}", media_type="application/json")

    async def readyz(self, _: Request) -> Response:
        """200 while the conversation service takes calls, 503 otherwise."""
        if await self._conversations.is_serving():
            return Response(b"{}", media_type="application/json")
        return problem_response(NotNow("The conversation service does not take calls now."))
