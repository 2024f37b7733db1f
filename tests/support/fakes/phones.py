"""Simulated phones, through the API of the simulator."""

import base64
from dataclasses import dataclass

import httpx

from support.eventually import eventually

CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Text:
    """A message on a phone."""

    text_id: str
    peer: str
    body: str
    state: str
    # URLs at the simulator.
    media_urls: tuple[str, ...] = ()


class Phone:
    """One person's phone."""

    def __init__(self, simulator: httpx.AsyncClient, number: str) -> None:
        self.number = number
        self._simulator = simulator
        self._texts = f"/simulator/phones/{number}/texts"

    async def text(self, to: str, body: str, *pictures: bytes) -> str:
        """Sends a text with PNG pictures; returns the carrier's id."""
        media = [
            {"content": base64.b64encode(picture).decode(), "file_name": f"{index}.png"}
            for index, picture in enumerate(pictures)
        ]
        content = {"to": to, "body": body, "media": media}
        response = await self._simulator.post(self._texts, json=content)
        response.raise_for_status()
        return str(response.json()["id"])

    async def resend(self, text_id: str) -> None:
        """Makes the carrier post the same callback again."""
        response = await self._simulator.post(f"/simulator/texts/{text_id}/resend")
        response.raise_for_status()

    async def texts(self, direction: str) -> list[Text]:
        """The "sent" or "received" texts, oldest first."""
        response = await self._simulator.get(self._texts)
        response.raise_for_status()
        return [
            Text(
                *(text["id"], text["peer"], text["body"], text["state"]),
                tuple(medium["url"] for medium in text["media"]),
            )
            for text in response.json()["texts"]
            if text["direction"] == direction
        ]

    async def received(self, number: int) -> list[str]:
        """The bodies of all received texts, once there are this many."""

        async def arrived() -> bool:
            return len(await self.texts("received")) >= number

        await eventually(arrived)
        return [text.body for text in await self.texts("received")]

    async def accepted(self, text_id: str) -> None:
        """Waits until the gateway has accepted a text."""

        async def taken() -> bool:
            return any(
                text.text_id == text_id and text.state == "accepted"
                for text in await self.texts("sent")
            )

        await eventually(taken)
