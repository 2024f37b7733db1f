"""Server-sent events over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from integration.simulator.running_simulator import ALICE, Simulator

from simulator.control import api as control_api_module
from support.eventually import PATIENCE_SECONDS

Event = tuple[str, str, dict[str, object]]


@asynccontextmanager
async def following(
    simulator: Simulator, last_event_id: str | None = None
) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of one connection: id, kind and data."""
    headers = {"last-event-id": last_event_id} if last_event_id else {}
    async with simulator.http.stream("GET", "/simulator/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _events(response.aiter_lines())


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
            continue
        if "event" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
        fields = {}


async def take(events: AsyncIterator[Event], number: int) -> list[Event]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await anext(events) for _ in range(number)]


async def test_a_text_is_told_with_each_step_of_its_way(simulator: Simulator) -> None:
    async with following(simulator) as events:
        [(_, kind, _)] = await take(events, 1)
        assert kind == "reset"
        text_id = await simulator.type_text("start")
        received = await take(events, 2)
    texts = [data["text"] for _, _, data in received]
    assert [data["phone"] for _, _, data in received] == [ALICE, ALICE]
    assert [(t["id"], t["state"]) for t in texts if isinstance(t, dict)] == [
        (text_id, "sending"),
        (text_id, "accepted"),
    ]


async def test_a_reader_comes_back_to_where_it_was(simulator: Simulator) -> None:
    async with following(simulator) as events:
        [(last_seen, _, _)] = await take(events, 1)
    await simulator.http.post("/simulator/phones", json={"number": "+13605550133"})
    await simulator.http.put("/simulator/settings", json={"receipt_shape": "unwrapped"})
    await simulator.http.delete("/simulator/phones/+13605550133")
    async with following(simulator, last_seen) as events:
        kinds = [kind for _, kind, _ in await take(events, 3)]
    assert kinds == ["phone_added", "settings", "phone_removed"]


async def test_there_is_a_most_of_readers_and_one_that_leaves_makes_room(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_api_module, "MAX_READERS", 1)
    async with following(simulator) as events:
        await take(events, 1)
        refused = await simulator.http.get("/simulator/events")
        assert refused.status_code == 503
    monkeypatch.undo()
    async with following(simulator) as events:
        assert len(await take(events, 1)) == 1
