"""People's phones, on the simulator's side of the carrier."""

import base64
from dataclasses import dataclass

import httpx

from support.eventually import eventually

CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Text:
    """A text as its phone shows it."""

    text_id: str
    peer: str
    body: str
    state: str
    # Addresses at the simulator, which keeps what it was sent.
    media_urls: tuple[str, ...] = ()


class Phone:
    """One person's phone."""

    def __init__(self, simulator: httpx.AsyncClient, number: str) -> None:
        self.number = number
        self._simulator = simulator
        self._texts = f"/simulator/phones/{number}/texts"

    async def text(self, to: str, body: str, *pictures: bytes) -> str:
        """Types a text, with PNG pictures if there are any; answers the carrier's id of it."""
        media = [
            {"content": base64.b64encode(one).decode(), "file_name": f"{number}.png"}
            for number, one in enumerate(pictures)
        ]
        typed = {"to": to, "body": body, "media": media}
        response = await self._simulator.post(self._texts, json=typed)
        response.raise_for_status()
        return str(response.json()["id"])

    async def resend(self, text_id: str) -> None:
        """Has the carrier hand the same text in again."""
        response = await self._simulator.post(f"/simulator/texts/{text_id}/resend")
        response.raise_for_status()

    async def texts(self, direction: str) -> list[Text]:
        """What was "sent" or "received", oldest first."""
        response = await self._simulator.get(self._texts)
        response.raise_for_status()
        return [
            Text(
                *(one["id"], one["peer"], one["body"], one["state"]),
                tuple(medium["url"] for medium in one["media"]),
            )
            for one in response.json()["texts"]
            if one["direction"] == direction
        ]

    async def received(self, number: int) -> list[str]:
        """The words of all texts received, once they are that many."""

        async def arrived() -> bool:
            return len(await self.texts("received")) >= number

        await eventually(arrived)
        return [one.body for one in await self.texts("received")]

    async def accepted(self, text_id: str) -> None:
        """Waits until the gateway has taken a text."""

        async def taken() -> bool:
            return any(
                one.text_id == text_id and one.state == "accepted"
                for one in await self.texts("sent")
            )

        await eventually(taken)
