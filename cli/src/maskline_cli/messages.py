"""`maskline conversations messages`: how far each text of a conversation got."""

from collections.abc import Iterable, Iterator

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.arguments import ConversationId, Limit
from maskline_cli.client import client_of
from maskline_cli.fields import time_of, word_of
from maskline_cli.pages import Page, listing
from maskline_cli.people import conversation, places
from maskline_cli.render import show_list, table

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
    view = table(HEADINGS, _rows(found.items, places(one)))
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
