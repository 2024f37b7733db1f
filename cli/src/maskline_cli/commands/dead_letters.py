"""`maskline dead-letters`: dead letters of the pool."""

from typing import Annotated

import typer

from maskline.admin.v1 import dead_letter_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import cell, show, show_list, table
from maskline_cli.values.arguments import Limit, RequestId
from maskline_cli.values.fields import enum_word, local_time

DeadLetterId = Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")]


def list_dead_letters(context: typer.Context, limit: Limit = 100) -> None:
    """Lists the dead letters of the pool, oldest first."""
    client = client_of(context)

    def fetch(size: int, token: str) -> Page[pb.DeadLetter]:
        request = pb.ListDeadLettersRequest(pool_id=client.pool, page_size=size, page_token=token)
        response = client.call(client.dead_letters.ListDeadLetters, request)
        return Page(response.dead_letters, response.next_page_token)

    result = listing(limit, fetch)
    rows = (
        (
            letter.dead_letter_id,
            enum_word(letter, "reason"),
            local_time(letter, "death_time"),
            local_time(letter, "accept_time"),
            letter.message_id,
            letter.conversation_id,
        )
        for letter in result.items
    )
    headings = ("dead letter", "reason", "since", "accepted", "message", "conversation")
    show_list(client.options, "dead_letters", result, table(headings, rows))


def replay(context: typer.Context, dead_letter_id: DeadLetterId, request_id: RequestId) -> None:
    """Queues a dead letter for sending again, after all other messages to its recipient."""
    client = client_of(context)
    request = pb.ReplayDeadLetterRequest(
        request_id=request_id, pool_id=client.pool, dead_letter_id=dead_letter_id
    )
    response = client.call(client.dead_letters.ReplayDeadLetter, request)
    show(client.options, response, cell(f"Queued: {response.message_id}"))


def discard(context: typer.Context, dead_letter_id: DeadLetterId, request_id: RequestId) -> None:
    """Deletes a dead letter; its message counts as refused."""
    client = client_of(context)
    request = pb.DiscardDeadLetterRequest(
        request_id=request_id, pool_id=client.pool, dead_letter_id=dead_letter_id
    )
    response = client.call(client.dead_letters.DiscardDeadLetter, request)
    show(client.options, response, cell(f"Discarded: {response.message_id or dead_letter_id}"))
