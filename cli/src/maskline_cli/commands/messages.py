"""`maskline conversations events` and `messages`: events and messages."""

from collections.abc import Iterable, Iterator, Mapping

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.conversation.v1.event_pb2 import Event
from maskline_cli.connection.client import client_of
from maskline_cli.output.event_descriptions import describe
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import show_list, table
from maskline_cli.values.arguments import ConversationId, Limit
from maskline_cli.values.fields import enum_word, local_time
from maskline_cli.values.participants import conversation, positions

TIMELINE_HEADINGS = ("time", "event", "participant", "message", "description")
MESSAGE_HEADINGS = ("message", "accepted", "from", "to", "state", "since")


def timeline(context: typer.Context, conversation_id: ConversationId, limit: Limit = 1000) -> None:
    """Lists the events of a conversation and of its messages, oldest first, with reasons."""
    client = client_of(context)
    positions_by_id = positions(conversation(client, conversation_id).conversation)

    def fetch(size: int, token: str) -> Page[Event]:
        request = event_pb2.ListEventsRequest(
            pool_id=client.pool, conversation_id=conversation_id, page_size=size, page_token=token
        )
        response = client.call(client.events.ListEvents, request)
        return Page(response.events, response.next_page_token)

    result = listing(limit, fetch)
    view = table(TIMELINE_HEADINGS, (_event_row(event, positions_by_id) for event in result.items))
    show_list(client.options, "events", result, view)


def _event_row(event: Event, positions_by_id: Mapping[str, str]) -> tuple[str, ...]:
    return (
        local_time(event, "event_time"),
        enum_word(event, "type"),
        positions_by_id.get(event.participant_id, event.participant_id),
        event.message_id,
        describe(event, positions_by_id),
    )


def list_messages(
    context: typer.Context, conversation_id: ConversationId, limit: Limit = 1000
) -> None:
    """Lists the messages of a conversation, oldest first: states and times, never bodies."""
    client = client_of(context)
    positions_by_id = positions(conversation(client, conversation_id).conversation)

    def fetch(size: int, token: str) -> Page[pb.MessageSummary]:
        request = pb.ListMessagesRequest(
            pool_id=client.pool, conversation_id=conversation_id, page_size=size, page_token=token
        )
        response = client.call(client.conversations.ListMessages, request)
        return Page(response.messages, response.next_page_token)

    result = listing(limit, fetch)
    view = table(MESSAGE_HEADINGS, _message_rows(result.items, positions_by_id))
    show_list(client.options, "messages", result, view)


def _message_rows(
    messages: Iterable[pb.MessageSummary], positions_by_id: Mapping[str, str]
) -> Iterator[tuple[str, ...]]:
    for message in messages:
        author_id, recipient_id = message.author_participant_id, message.recipient_participant_id
        yield (
            message.message_id,
            local_time(message, "accept_time"),
            positions_by_id.get(author_id, author_id) or f"Maskline ({message.template})",
            positions_by_id.get(recipient_id, recipient_id),
            enum_word(message, "state"),
            local_time(message, "update_time"),
        )
