"""`maskline numbers`: the masked numbers of a pool."""

from typing import Annotated

import typer

from maskline.conversation.v1 import pool_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import cell, show, show_list, table
from maskline_cli.values.arguments import Limit, MaskedNumberArgument, RequestId
from maskline_cli.values.fields import word_of, yes

Reserved = Annotated[
    bool, typer.Option("--reserved", help="Given to a conversation only on request.")
]


def list_numbers(context: typer.Context, limit: Limit = 1000) -> None:
    """Lists the masked numbers of the pool, in the order in which they were added."""
    client = client_of(context)

    def ask(size: int, token: str) -> Page[pb.MaskedNumber]:
        request = pb.ListNumbersRequest(pool=client.pool, page_size=size, page_token=token)
        response = client.ask(client.pools.ListNumbers, request)
        return Page(response.numbers, response.next_page_token)

    found = listing(limit, ask)
    rows = (
        (one.phone_number, word_of(one, "state"), yes(one.is_reserved), str(one.live_conversations))
        for one in found.items
    )
    view = table(("number", "state", "reserved", "live conversations"), rows)
    show_list(client.options, "numbers", found, view)


def add_number(
    context: typer.Context,
    number: MaskedNumberArgument,
    request_id: RequestId,
    reserved: Reserved = False,
) -> None:
    """Adds a masked number to the pool, or makes one that it has active again."""
    client = client_of(context)
    request = pb.AddNumberRequest(
        request_id=request_id, pool=client.pool, masked_number=number, is_reserved=reserved
    )
    response = client.ask(client.pools.AddNumber, request)
    _tell(client, response, f"{number} takes new conversations.")


def drain_number(
    context: typer.Context, number: MaskedNumberArgument, request_id: RequestId
) -> None:
    """Lets a masked number keep its conversations until they end, and begin no new ones."""
    client = client_of(context)
    request = pb.DrainNumberRequest(request_id=request_id, pool=client.pool, masked_number=number)
    response = client.ask(client.pools.DrainNumber, request)
    _tell(client, response, f"{number} takes no new conversations any more.")


def remove_number(
    context: typer.Context, number: MaskedNumberArgument, request_id: RequestId
) -> None:
    """Removes a masked number that has no live conversation."""
    client = client_of(context)
    request = pb.RemoveNumberRequest(request_id=request_id, pool=client.pool, masked_number=number)
    response = client.ask(client.pools.RemoveNumber, request)
    _tell(client, response, f"{number} is not in the pool any more.")


def _tell(
    client: Client,
    response: pb.AddNumberResponse | pb.DrainNumberResponse | pb.RemoveNumberResponse,
    news: str,
) -> None:
    count = f"Numbers in {response.pool.name} now: {response.pool.number_count}."
    show(client.options, response, cell(f"{news} {count}"))
