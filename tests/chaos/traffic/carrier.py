"""The control side of the simulator: phones and faults. It is never killed or cut off."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx
from chaos.traffic.observed import Observed, Typed

CALL_SECONDS = 20.0
DATA = "data: "
EVENT = "event: "


class CarrierControl:
    """Types messages and adds faults; passes on what phones show."""

    def __init__(self, simulator: httpx.AsyncClient, observed: Observed) -> None:
        self._http = simulator
        self._observed = observed
        # The number of faults that took effect, by kind.
        self.carrier_faults: Counter[str] = Counter()

    async def type(
        self, phone: str, number: str, body: str, media: Sequence[Mapping[str, str]] = ()
    ) -> Typed:
        """Types a message on a phone; `media` are files as the simulator takes them."""
        typed_at = time.monotonic()
        fields = {"to": number, "body": body, "media": media}
        answer = await self._post(f"/phones/{phone}/texts", fields)
        return self._observed.record_typed(str(answer["id"]), typed_at)

    async def add_fault(self, fault: Mapping[str, object]) -> None:
        """One fault, which takes effect once."""
        await self._post("/faults", fault)
        self.carrier_faults[str(fault["kind"])] += 1

    async def remove_faults(self) -> None:
        """Removes all faults. Those that never took effect do not count."""
        response = await self._http.get("/simulator/faults")
        response.raise_for_status()
        self.carrier_faults.subtract(str(fault["kind"]) for fault in response.json()["faults"])
        (await self._http.delete("/simulator/faults")).raise_for_status()

    async def follow(self, phones: Sequence[str]) -> None:
        """Passes on all changes, until cancelled."""
        async with self._http.stream("GET", "/simulator/events", timeout=None) as response:
            response.raise_for_status()
            async for kind, data in _events(response):
                if kind == "text":
                    self._observed.take(str(data["phone"]), data["text"])
                elif kind == "reset":
                    await self.look(phones)

    async def look(self, phones: Sequence[str]) -> None:
        """Passes on the present state of all phones."""
        for phone in phones:
            response = await self._http.get(f"/simulator/phones/{phone}/texts")
            response.raise_for_status()
            for text in response.json()["texts"]:
                self._observed.take(phone, text)

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
