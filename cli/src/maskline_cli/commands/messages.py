"""`maskline conversations events` and `messages`, and `messages show`."""

from collections.abc import Iterator, Mapping

import typer

from maskline.conversation.v1 import event_pb2, message_pb2
from maskline.conversation.v1.event_pb2 import Event
from maskline_cli.connection.client import client_of
from maskline_cli.output.event_descriptions import (
    describe,
    describe_failure,
    describe_refusal,
)
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import details, show, show_list, table
from maskline_cli.values.arguments import ConversationId, Limit, MessageId
from maskline_cli.values.fields import enum_word, local_time
from maskline_cli.values.participants import conversation, positions

TIMELINE_HEADINGS = ("time", "event", "participant", "message", "description")
MESSAGE_HEADINGS = ("message", "accepted", "from", "to", "state", "since", "reason")


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
    """Lists the messages of a conversation, oldest first: states and reasons, never bodies."""
    client = client_of(context)
    positions_by_id = positions(conversation(client, conversation_id).conversation)

    def fetch(size: int, token: str) -> Page[message_pb2.Message]:
        request = message_pb2.ListMessagesRequest(
            pool_id=client.pool, conversation_id=conversation_id, page_size=size, page_token=token
        )
        response = client.call(client.conversations.ListMessages, request)
        return Page(response.messages, response.next_page_token)

    result = listing(limit, fetch)
    view = table(MESSAGE_HEADINGS, (_message_row(item, positions_by_id) for item in result.items))
    show_list(client.options, "messages", result, view)


def show_message(context: typer.Context, message_id: MessageId) -> None:
    """Shows a message of the pool and what became of it, never its body."""
    client = client_of(context)
    request = message_pb2.GetMessageRequest(pool_id=client.pool, message_id=message_id)
    response = client.call(client.conversations.GetMessage, request)
    show(client.options, response, details(_message_details(response.message)))


def _message_row(
    message: message_pb2.Message, positions_by_id: Mapping[str, str]
) -> tuple[str, ...]:
    return (
        message.message_id,
        local_time(message, "create_time"),
        _author(message, positions_by_id),
        _position(message.recipient_participant_id, positions_by_id),
        enum_word(message, "state"),
        local_time(message, "update_time"),
        _reason(message),
    )


def _message_details(message: message_pb2.Message) -> Iterator[tuple[str, str]]:
    yield "message", message.message_id
    yield "conversation", message.conversation_id
    yield "from", _author(message, {})
    yield "to", message.recipient_participant_id
    yield "state", enum_word(message, "state")
    yield "reason", _reason(message)
    yield "segments", str(message.segment_count)
    yield "files", str(message.attachment_count or "")
    yield "accepted", local_time(message, "create_time")
    yield "since", local_time(message, "update_time")


def _author(message: message_pb2.Message, positions_by_id: Mapping[str, str]) -> str:
    match message.WhichOneof("author"):
        case "template":
            return f"Maskline ({message.template})"
        case "system":
            return "Maskline (client)"
        case _:
            return _position(message.author_participant_id, positions_by_id)


def _position(participant_id: str, positions_by_id: Mapping[str, str]) -> str:
    return positions_by_id.get(participant_id, participant_id)


def _reason(message: message_pb2.Message) -> str:
    if message.HasField("failure"):
        return describe_failure(message.failure)
    return describe_refusal(message.relay_refusal)
