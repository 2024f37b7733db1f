"""`maskline timeline`: what happened in a conversation and to each of its texts, and why."""

from collections.abc import Mapping

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.event_pb2 import Event
from maskline_cli.arguments import ConversationId, Limit
from maskline_cli.client import client_of
from maskline_cli.fields import time_of, word_of
from maskline_cli.pages import Page, listing
from maskline_cli.people import conversation, places
from maskline_cli.render import show_list, table

HEADINGS = ("time", "what", "who", "text", "why")


def timeline(context: typer.Context, conversation_id: ConversationId, limit: Limit = 1000) -> None:
    """Tells what happened in a conversation and to each of its texts, oldest first, and why."""
    client = client_of(context)
    one = conversation(client, conversation_id).conversation

    def ask(size: int, token: str) -> Page[Event]:
        request = pb.GetTimelineRequest(
            pool=client.pool, conversation_id=conversation_id, page_size=size, page_token=token
        )
        response = client.ask(client.conversations.GetTimeline, request)
        return Page(response.events, response.next_page_token)

    found = listing(limit, ask)
    place_of = places(one)
    view = table(HEADINGS, (_row(event, place_of) for event in found.items))
    show_list(client.options, "events", found, view)


def _row(event: Event, place_of: Mapping[str, str]) -> tuple[str, ...]:
    return (
        time_of(event, "event_time"),
        word_of(event, "type"),
        place_of.get(event.participant_id, event.participant_id),
        event.message_id,
        why(event),
    )


def why(event: Event) -> str:
    """The sentence and, for who looks closer, the exact word behind it."""
    return f"{event.description} ({event.detail})" if event.detail else event.description
