"""`maskline numbers`: the masked numbers of a pool."""

from typing import Annotated

import typer

from maskline.admin.v1 import pool_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import cell, show, show_list, table
from maskline_cli.values.arguments import Limit, MaskedNumberArgument, RequestId
from maskline_cli.values.fields import enum_word, yes

Reserved = Annotated[
    bool, typer.Option("--reserved", help="Used for a conversation only on request.")
]


def list_numbers(context: typer.Context, limit: Limit = 1000) -> None:
    """Lists the masked numbers of the pool in the order of addition."""
    client = client_of(context)

    def fetch(size: int, token: str) -> Page[pb.MaskedNumber]:
        request = pb.ListMaskedNumbersRequest(pool_id=client.pool, page_size=size, page_token=token)
        response = client.call(client.pools.ListMaskedNumbers, request)
        return Page(response.numbers, response.next_page_token)

    result = listing(limit, fetch)
    rows = (
        (
            number.phone_number,
            enum_word(number, "state"),
            yes(number.is_reserved),
            str(number.live_conversations),
        )
        for number in result.items
    )
    view = table(("number", "state", "reserved", "live conversations"), rows)
    show_list(client.options, "numbers", result, view)


def add_number(
    context: typer.Context,
    number: MaskedNumberArgument,
    request_id: RequestId,
    reserved: Reserved = False,
) -> None:
    """Adds a masked number to the pool, or reactivates a drained one."""
    client = client_of(context)
    request = pb.AddMaskedNumberRequest(
        request_id=request_id, pool_id=client.pool, masked_number=number, is_reserved=reserved
    )
    response = client.call(client.pools.AddMaskedNumber, request)
    _show(client, response, f"{number} accepts new conversations.")


def drain_number(
    context: typer.Context, number: MaskedNumberArgument, request_id: RequestId
) -> None:
    """Stops new conversations on a masked number; existing ones continue until they end."""
    client = client_of(context)
    request = pb.DrainMaskedNumberRequest(
        request_id=request_id, pool_id=client.pool, masked_number=number
    )
    response = client.call(client.pools.DrainMaskedNumber, request)
    _show(client, response, f"{number} accepts no new conversations.")


def remove_number(
    context: typer.Context, number: MaskedNumberArgument, request_id: RequestId
) -> None:
    """Removes a masked number that has no live conversation."""
    client = client_of(context)
    request = pb.RemoveMaskedNumberRequest(
        request_id=request_id, pool_id=client.pool, masked_number=number
    )
    response = client.call(client.pools.RemoveMaskedNumber, request)
    _show(client, response, f"{number} was removed from the pool.")


def _show(
    client: Client,
    response: pb.AddMaskedNumberResponse
    | pb.DrainMaskedNumberResponse
    | pb.RemoveMaskedNumberResponse,
    sentence: str,
) -> None:
    count = f"Numbers in {response.pool.pool_id}: {response.pool.masked_number_count}."
    show(client.options, response, cell(f"{sentence} {count}"))
