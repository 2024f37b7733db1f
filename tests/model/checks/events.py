"""The event stream and timelines."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from model.deployment import Deployment
from model.reference.state import Model

from maskline.conversation.v1 import event_pb2

PAGE = 500
ERASED = event_pb2.EVENT_TYPE_CONVERSATION_ERASED


@dataclass
class EventChecks:
    """The events of an example by pool, as one subscription after another received them."""

    events: dict[str, list[event_pb2.Event]] = field(default_factory=dict)

    async def check(self, deployment: Deployment, model: Model) -> None:
        """Every event once and in order; one for each relayed message."""
        for pool in model.pools:
            events = self.events.setdefault(pool, [])
            events += await deployment.watched_events(pool)
            events[:] = _not_erased(events)
            received = [event.event_id for event in events]
            stored = await deployment.event_ids(pool)
            assert received == stored, (
                f"only received or only stored: {set(received) ^ set(stored)}"
            )
            assert sum(map(_has_words, events)) == model.relayed[pool]
            await _same_timeline(deployment, model, pool, events)


def _has_words(event: event_pb2.Event) -> bool:
    """Whether a participant's or a client's own message is on its way."""
    if event.type == event_pb2.EVENT_TYPE_MESSAGE_ACCEPTED:
        return not event.HasField("template")
    return event.type == event_pb2.EVENT_TYPE_MESSAGE_RELAYED


async def _same_timeline(
    deployment: Deployment, model: Model, pool: str, events: list[event_pb2.Event]
) -> None:
    """The timeline of the youngest conversation has the same events as the subscription."""
    ids = [
        conversation.conversation_id
        for conversation in model.conversations
        if conversation.pool == pool
    ]
    for conversation_id in ids[-1:]:
        timeline = [event.event_id async for event in _timeline(deployment, pool, conversation_id)]
        assert timeline == [
            event.event_id for event in events if event.conversation_id == conversation_id
        ]


def _not_erased(events: list[event_pb2.Event]) -> list[event_pb2.Event]:
    """An erased conversation has only the event of its erasure."""
    erased = {event.conversation_id for event in events if event.type == ERASED}
    return [
        event for event in events if event.type == ERASED or event.conversation_id not in erased
    ]


async def _timeline(
    deployment: Deployment, pool: str, conversation_id: str
) -> AsyncIterator[event_pb2.Event]:
    request = event_pb2.ListEventsRequest(
        pool_id=pool, conversation_id=conversation_id, page_size=PAGE
    )
    while True:
        response = await deployment.call(request, event_pb2.ListEventsResponse)
        assert not isinstance(response, str)
        for event in response.events:
            yield event
        request.page_token = response.next_page_token
        if not request.page_token:
            return
