"""What watchers are told."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2

from model.reference.state import Model
from model.deployment import World

PAGE = 500
ERASED = event_pb2.EVENT_TYPE_CONVERSATION_ERASED


@dataclass
class EventBook:
    """The events of an example, as one watcher after another has read them."""

    seen: dict[str, list[event_pb2.Event]] = field(default_factory=dict)

    async def check(self, world: World, model: Model) -> None:
        """Each event once and in order, one for each text that is passed on."""
        for pool in model.pools:
            seen = self.seen.setdefault(pool, [])
            seen += await world.watched(pool)
            seen[:] = _left(seen)
            told, kept = [one.event_id for one in seen], await world.event_ids(pool)
            assert told == kept, f"told and gone, or kept and untold: {set(told) ^ set(kept)}"
            assert _relayed(seen) == model.relayed[pool]
            await self._same_timeline(world, model, pool, seen)

    async def _same_timeline(
        self, world: World, model: Model, pool: str, seen: list[event_pb2.Event]
    ) -> None:
        """What happened in the youngest conversation is what the watcher was told of it."""
        kept = [one.conversation_id for one in model.talks if one.pool == pool]
        for name in kept[-1:]:
            told = [one.event_id async for one in _timeline(world, pool, name)]
            assert told == [one.event_id for one in seen if one.conversation_id == name]


def _left(events: list[event_pb2.Event]) -> list[event_pb2.Event]:
    """Of an erased conversation nothing is left but that it was erased."""
    erased = {one.conversation_id for one in events if one.type == ERASED}
    return [one for one in events if one.type == ERASED or one.conversation_id not in erased]


def _relayed(events: list[event_pb2.Event]) -> int:
    return sum(one.type == event_pb2.EVENT_TYPE_MESSAGE_RELAYED for one in events)


async def _timeline(world: World, pool: str, name: str) -> AsyncIterator[event_pb2.Event]:
    request = pb.GetTimelineRequest(pool=pool, conversation_id=name, page_size=PAGE)
    while True:
        response = await world.ask(request, pb.GetTimelineResponse)
        assert not isinstance(response, str)
        for event in response.events:
            yield event
        request.page_token = response.next_page_token
        if not request.page_token:
            return
