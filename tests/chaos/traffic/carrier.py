"""The simulator's control side: the phones, and the faults. Never killed, never cut."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx
from chaos.traffic.observed import Mailbox, Typed

CALL_SECONDS = 20.0
DATA = "data: "
EVENT = "event: "


class CarrierControl:
    """What a run asks of the carrier, and what the carrier tells it."""

    def __init__(self, simulator: httpx.AsyncClient, mailbox: Mailbox) -> None:
        self._http = simulator
        self._mailbox = mailbox
        # What was asked for and came about, by kind.
        self.spoiled: Counter[str] = Counter()

    async def type(self, phone: str, number: str, body: str) -> Typed:
        """Types a text on a phone."""
        typed_at = time.monotonic()
        answer = await self._post(f"/phones/{phone}/texts", {"to": number, "body": body})
        return self._mailbox.note_typed(str(answer["id"]), typed_at)

    async def spoil(self, fault: Mapping[str, object]) -> None:
        """From now on something goes wrong, once."""
        await self._post("/faults", fault)
        self.spoiled[str(fault["kind"])] += 1

    async def behave(self) -> None:
        """Takes all faults away; what did not come about was none."""
        response = await self._http.get("/simulator/faults")
        response.raise_for_status()
        self.spoiled.subtract(str(fault["kind"]) for fault in response.json()["faults"])
        (await self._http.delete("/simulator/faults")).raise_for_status()

    async def follow(self, phones: Sequence[str]) -> None:
        """Keeps the mailbox filled, until cancelled."""
        async with self._http.stream("GET", "/simulator/events", timeout=None) as response:
            response.raise_for_status()
            async for kind, data in _events(response):
                if kind == "text":
                    self._mailbox.take(str(data["phone"]), data["text"])
                elif kind == "reset":
                    await self.look(phones)

    async def look(self, phones: Sequence[str]) -> None:
        """Takes over what all phones show now."""
        for phone in phones:
            response = await self._http.get(f"/simulator/phones/{phone}/texts")
            response.raise_for_status()
            for text in response.json()["texts"]:
                self._mailbox.take(phone, text)

    async def _post(self, path: str, fields: Mapping[str, object]) -> dict[str, object]:
        response = await self._http.post(f"/simulator{path}", json=fields)
        response.raise_for_status()
        answer: dict[str, object] = response.json()
        return answer


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    kind = ""
    async for line in response.aiter_lines():
        if line.startswith(EVENT):
            kind = line.removeprefix(EVENT)
        elif line.startswith(DATA):
            yield kind, json.loads(line.removeprefix(DATA))
