"""`maskline timeline`: what happened in a conversation and to each of its texts, and why."""

from collections.abc import Iterable, Iterator, Mapping

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.event_pb2 import Event
from maskline_cli.connection.client import client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import show_list, table
from maskline_cli.values.arguments import ConversationId, Limit
from maskline_cli.values.fields import time_of, word_of
from maskline_cli.values.participants import conversation, positions

TIMELINE_HEADINGS = ("time", "what", "who", "text", "why")


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
    place_of = positions(one)
    view = table(TIMELINE_HEADINGS, (_row(event, place_of) for event in found.items))
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


HEADINGS = ("text", "accepted", "from", "to", "state", "since")


def list_messages(
    context: typer.Context, conversation_id: ConversationId, limit: Limit = 1000
) -> None:
    """Lists what was sent in a conversation, oldest first: states and times, never the words."""
    client = client_of(context)
    one = conversation(client, conversation_id).conversation

    def ask(size: int, token: str) -> Page[pb.MessageSummary]:
        request = pb.ListMessagesRequest(
            pool=client.pool, conversation_id=conversation_id, page_size=size, page_token=token
        )
        response = client.ask(client.conversations.ListMessages, request)
        return Page(response.messages, response.next_page_token)

    found = listing(limit, ask)
    view = table(HEADINGS, _rows(found.items, positions(one)))
    show_list(client.options, "messages", found, view)


def _rows(
    messages: Iterable[pb.MessageSummary], place_of: dict[str, str]
) -> Iterator[tuple[str, ...]]:
    for one in messages:
        author = place_of.get(one.author_participant_id, one.author_participant_id)
        recipient = place_of.get(one.recipient_participant_id, one.recipient_participant_id)
        yield (
            one.message_id,
            time_of(one, "accept_time"),
            author or f"Maskline ({one.template})",
            recipient,
            word_of(one, "state"),
            time_of(one, "update_time"),
        )
