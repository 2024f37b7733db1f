"""`maskline pools`: pools of masked numbers, and their settings."""

from collections.abc import Iterator
from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from maskline.admin.v1 import pool_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import cell, details, show, show_list, table
from maskline_cli.values import pool_settings
from maskline_cli.values.arguments import Limit, PoolId, RequestId, Settings
from maskline_cli.values.fields import enum_word, local_time
from maskline_cli.values.parsers import phone_number

OperatorName = Annotated[str, typer.Option(help="The operator's name in system messages.")]

Contact = Annotated[str, typer.Option(help="How people reach it, in the reply to HELP.")]

Numbers = Annotated[
    list[str],
    typer.Option(
        "--number",
        metavar="NUMBER",
        parser=phone_number,
        default_factory=list,
        show_default=False,
        help="A masked number. May be repeated.",
    ),
]


def list_pools(context: typer.Context, limit: Limit = 1000) -> None:
    """Lists the pools by id."""
    client = client_of(context)

    def fetch(size: int, token: str) -> Page[pb.Pool]:
        request = pb.ListPoolsRequest(page_size=size, page_token=token)
        response = client.call(client.pools.ListPools, request)
        return Page(response.pools, response.next_page_token)

    result = listing(limit, fetch)
    rows = (
        (
            pool.pool_id,
            pool.settings.operator_name,
            str(pool.masked_number_count),
            enum_word(pool, "source"),
        )
        for pool in result.items
    )
    view = table(("pool", "operator", "masked numbers", "source"), rows)
    show_list(client.options, "pools", result, view)


def show_pool(context: typer.Context, pool_id: PoolId) -> None:
    """Shows one pool with its settings."""
    client = client_of(context)
    _show(client, _get(client, pool_id))


def create_pool(
    context: typer.Context,
    pool_id: PoolId,
    operator_name: OperatorName,
    contact: Contact,
    request_id: RequestId,
    numbers: Numbers,
    settings: Settings = [],  # noqa: B006 - typer copies it
) -> None:
    """Creates a pool."""
    client = client_of(context)
    new_settings = pb.PoolSettings(operator_name=operator_name, contact=contact)
    pool_settings.assign(new_settings, settings)
    request = pb.CreatePoolRequest(
        request_id=request_id, pool_id=pool_id, settings=new_settings, masked_numbers=numbers
    )
    _show(client, client.call(client.pools.CreatePool, request))


def set_pool(
    context: typer.Context, pool_id: PoolId, settings: Settings, request_id: RequestId
) -> None:
    """Changes settings of a pool. They apply to live conversations too."""
    client = client_of(context)
    pool = pb.Pool(pool_id=pool_id)
    paths = pool_settings.assign(pool.settings, settings)
    pool.etag = _get(client, pool_id).pool.etag
    mask = FieldMask(paths=[f"settings.{path}" for path in paths])
    request = pb.UpdatePoolRequest(request_id=request_id, pool=pool, update_mask=mask)
    _show(client, client.call(client.pools.UpdatePool, request))


def show_capacity(context: typer.Context, pool_id: PoolId) -> None:
    """Shows how many masked numbers the load needs, and when they run out."""
    client = client_of(context)
    request = pb.GetPoolCapacityRequest(pool_id=pool_id)
    response = client.call(client.pools.GetPoolCapacity, request)
    capacity = response.pool_capacity
    view = details(
        [
            ("available numbers", str(capacity.available_number_count)),
            ("needed numbers", str(capacity.needed_number_count)),
            ("live conversations", str(capacity.live_conversation_count)),
            ("most of one person", str(capacity.busiest_person_conversation_count)),
            ("numbers run out", local_time(capacity, "exhaustion_time") or "not at this load"),
        ]
    )
    show(client.options, response, view)


def compare(context: typer.Context, pool_id: PoolId) -> None:
    """Compares a pool with the numbers of the carrier account; changes nothing."""
    client = client_of(context)
    response = client.call(
        client.pools.CompareMaskedNumbers, pb.CompareMaskedNumbersRequest(pool_id=pool_id)
    )
    differences = list(_differences(response))
    agreement = cell("The pool and the carrier account agree.")
    view = table(("number", "difference"), differences) if differences else agreement
    show(client.options, response, view)


def _differences(response: pb.CompareMaskedNumbersResponse) -> Iterator[tuple[str, str]]:
    for number in response.masked_numbers_not_at_carrier:
        yield number, "in the pool, not at the carrier: messages to it never arrive"
    for number in response.masked_numbers_without_messaging:
        yield number, "in the pool, but messaging is not enabled at the carrier"
    for number in response.carrier_numbers_in_no_pool:
        yield number, "at the carrier, in no pool"


def _get(client: Client, pool_id: str) -> pb.GetPoolResponse:
    return client.call(client.pools.GetPool, pb.GetPoolRequest(pool_id=pool_id))


def _show(
    client: Client, response: pb.GetPoolResponse | pb.CreatePoolResponse | pb.UpdatePoolResponse
) -> None:
    pool = response.pool
    about = [
        ("pool", pool.pool_id),
        ("masked numbers", str(pool.masked_number_count)),
        ("source", enum_word(pool, "source")),
    ]
    show(client.options, response, details([*about, *pool_settings.rows(pool.settings)]))
