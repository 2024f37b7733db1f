"""`maskline dead`: texts of the pool that could not be processed."""

from typing import Annotated

import typer

from maskline.conversation.v1 import dead_letter_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import cell, show, show_list, table
from maskline_cli.values.arguments import Limit, RequestId
from maskline_cli.values.fields import time_of, word_of

DeadLetterId = Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")]


def list_dead_letters(context: typer.Context, limit: Limit = 100) -> None:
    """Lists the texts of the pool that could not be processed, oldest first."""
    client = client_of(context)

    def ask(size: int, token: str) -> Page[pb.DeadLetter]:
        request = pb.ListDeadLettersRequest(pool=client.pool, page_size=size, page_token=token)
        response = client.ask(client.dead_letters.ListDeadLetters, request)
        return Page(response.dead_letters, response.next_page_token)

    found = listing(limit, ask)
    rows = (
        (
            one.dead_letter_id,
            word_of(one, "reason"),
            time_of(one, "death_time"),
            time_of(one, "accept_time"),
            one.message_id,
            one.conversation_id,
        )
        for one in found.items
    )
    headings = ("dead letter", "reason", "since", "accepted", "message", "conversation")
    show_list(client.options, "dead_letters", found, table(headings, rows))


def replay(context: typer.Context, dead_letter_id: DeadLetterId, request_id: RequestId) -> None:
    """Puts a dead letter back among the texts to be sent, behind all others of its recipient."""
    client = client_of(context)
    request = pb.ReplayDeadLetterRequest(
        request_id=request_id, pool=client.pool, dead_letter_id=dead_letter_id
    )
    response = client.ask(client.dead_letters.ReplayDeadLetter, request)
    show(client.options, response, cell(f"On the way: {response.message_id}"))


def drop(context: typer.Context, dead_letter_id: DeadLetterId, request_id: RequestId) -> None:
    """Removes a dead letter for good; its text counts as refused."""
    client = client_of(context)
    request = pb.DropDeadLetterRequest(
        request_id=request_id, pool=client.pool, dead_letter_id=dead_letter_id
    )
    response = client.ask(client.dead_letters.DropDeadLetter, request)
    show(client.options, response, cell(f"Dropped: {response.message_id or dead_letter_id}"))
