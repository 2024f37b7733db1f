"""`maskline numbers`: the masked numbers of a pool."""

from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from maskline.admin.v1 import pool_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import details, show, show_list, table
from maskline_cli.values.arguments import Limit, MaskedNumberArgument, RequestId
from maskline_cli.values.fields import enum_word, yes

Reserved = Annotated[
    bool, typer.Option("--reserved", help="Used for a conversation only on request.")
]

IsReserved = Annotated[
    bool,
    typer.Option(
        "--reserved/--not-reserved", help="Whether it is used for a conversation only on request."
    ),
]

_COLUMNS = ("number", "state", "reserved", "live conversations")

_Response = (
    pb.GetMaskedNumberResponse
    | pb.AddMaskedNumberResponse
    | pb.UpdateMaskedNumberResponse
    | pb.ActivateMaskedNumberResponse
    | pb.DrainMaskedNumberResponse
    | pb.RemoveMaskedNumberResponse
)


def list_numbers(context: typer.Context, limit: Limit = 1000) -> None:
    """Lists the masked numbers of the pool."""
    client = client_of(context)

    def fetch(size: int, token: str) -> Page[pb.MaskedNumber]:
        request = pb.ListMaskedNumbersRequest(pool_id=client.pool, page_size=size, page_token=token)
        response = client.call(client.pools.ListMaskedNumbers, request)
        return Page(response.masked_numbers, response.next_page_token)

    result = listing(limit, fetch)
    view = table(_COLUMNS, map(_row, result.items))
    show_list(client.options, "masked_numbers", result, view)


def show_number(context: typer.Context, number: MaskedNumberArgument) -> None:
    """Shows one masked number of the pool."""
    client = client_of(context)
    request = pb.GetMaskedNumberRequest(pool_id=client.pool, masked_number=number)
    _show(client, client.call(client.pools.GetMaskedNumber, request))


def add_number(
    context: typer.Context,
    number: MaskedNumberArgument,
    request_id: RequestId,
    reserved: Reserved = False,
) -> None:
    """Adds a masked number to the pool."""
    client = client_of(context)
    request = pb.AddMaskedNumberRequest(
        request_id=request_id, pool_id=client.pool, masked_number=number, reserved=reserved
    )
    _show(client, client.call(client.pools.AddMaskedNumber, request))


def set_number(
    context: typer.Context,
    number: MaskedNumberArgument,
    request_id: RequestId,
    reserved: IsReserved,
) -> None:
    """Changes whether a masked number is used only on request."""
    client = client_of(context)
    request = pb.UpdateMaskedNumberRequest(
        request_id=request_id,
        pool_id=client.pool,
        masked_number=pb.MaskedNumber(phone_number=number, reserved=reserved),
        update_mask=FieldMask(paths=["reserved"]),
    )
    _show(client, client.call(client.pools.UpdateMaskedNumber, request))


def activate_number(
    context: typer.Context, number: MaskedNumberArgument, request_id: RequestId
) -> None:
    """Makes a drained masked number accept new conversations again."""
    client = client_of(context)
    request = pb.ActivateMaskedNumberRequest(
        request_id=request_id, pool_id=client.pool, masked_number=number
    )
    _show(client, client.call(client.pools.ActivateMaskedNumber, request))


def drain_number(
    context: typer.Context, number: MaskedNumberArgument, request_id: RequestId
) -> None:
    """Stops new conversations on a masked number; existing ones continue until they end."""
    client = client_of(context)
    request = pb.DrainMaskedNumberRequest(
        request_id=request_id, pool_id=client.pool, masked_number=number
    )
    _show(client, client.call(client.pools.DrainMaskedNumber, request))


def remove_number(
    context: typer.Context, number: MaskedNumberArgument, request_id: RequestId
) -> None:
    """Removes a masked number that has no live conversation."""
    client = client_of(context)
    request = pb.RemoveMaskedNumberRequest(
        request_id=request_id, pool_id=client.pool, masked_number=number
    )
    _show(client, client.call(client.pools.RemoveMaskedNumber, request))


def _show(client: Client, response: _Response) -> None:
    row = zip(_COLUMNS, _row(response.masked_number), strict=True)
    show(client.options, response, details(row))


def _row(number: pb.MaskedNumber) -> tuple[str, ...]:
    return (
        number.phone_number,
        enum_word(number, "state"),
        yes(number.reserved),
        str(number.live_conversation_count),
    )
