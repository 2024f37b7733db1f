import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from integration.simulator.running_simulator import ALICE, Simulator

from simulator.control import api as control_api_module
from support.eventually import PATIENCE_SECONDS


@asynccontextmanager
async def following(simulator: Simulator, last_event_id: str = "") -> AsyncIterator["Events"]:
    headers = {"last-event-id": last_event_id}
    async with simulator.http.stream("GET", "/simulator/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Events(response.aiter_lines())


class Events:
    """The fields of each event of a stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def take(self, number: int) -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        fields: dict[str, Any] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(taken) < number:
                name, _, value = (await anext(self._lines)).partition(": ")
                fields[name] = json.loads(value) if name == "data" else value
                if not name:
                    taken += [fields] if "event" in fields else []
                    fields = {}
        return taken


async def test_each_state_of_a_text_is_an_event(simulator: Simulator) -> None:
    async with following(simulator) as events:
        assert [event["event"] for event in await events.take(1)] == ["reset"]
        text_id = await simulator.type_text("start")
        received = [event["data"] for event in await events.take(2)]
    assert [data["phone"] for data in received] == [ALICE, ALICE]
    states = [(data["text"]["id"], data["text"]["state"]) for data in received]
    assert states == [(text_id, "sending"), (text_id, "accepted")]


async def test_a_reader_comes_back_to_where_it_was(simulator: Simulator) -> None:
    async with following(simulator) as events:
        [last_seen] = await events.take(1)
    await simulator.http.post("/simulator/phones", json={"number": "+13605550133"})
    await simulator.http.put("/simulator/settings", json={"receipt_shape": "unwrapped"})
    await simulator.http.delete("/simulator/phones/+13605550133")
    async with following(simulator, last_seen["id"]) as events:
        kinds = [event["event"] for event in await events.take(3)]
    assert kinds == ["phone_added", "settings", "phone_removed"]


async def test_the_number_of_readers_has_a_limit(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_api_module, "MAX_READERS", 1)
    async with following(simulator) as events:
        await events.take(1)
        assert (await simulator.http.get("/simulator/events")).status_code == 503
    monkeypatch.undo()
    async with following(simulator) as events:
        assert len(await events.take(1)) == 1
