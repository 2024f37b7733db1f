"""`maskline pools`: masked numbers run as one, with their settings."""

from collections.abc import Iterator
from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from maskline.conversation.v1 import pool_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import cell, facts, show, show_list, table
from maskline_cli.values import pool_settings
from maskline_cli.values.arguments import Limit, PoolName, RequestId, Settings
from maskline_cli.values.fields import time_of, yes
from maskline_cli.values.parsers import phone_number

Operator = Annotated[str, typer.Option(help="Who runs this, as the help text tells people.")]

Numbers = Annotated[
    list[str],
    typer.Option(
        "--number",
        metavar="NUMBER",
        parser=phone_number,
        default_factory=list,
        show_default=False,
        help="A masked number; may be repeated.",
    ),
]


def list_pools(context: typer.Context, limit: Limit = 1000) -> None:
    """Lists the pools by name."""
    client = client_of(context)

    def ask(size: int, token: str) -> Page[pb.Pool]:
        request = pb.ListPoolsRequest(page_size=size, page_token=token)
        response = client.ask(client.pools.ListPools, request)
        return Page(response.pools, response.next_page_token)

    found = listing(limit, ask)
    rows = (
        (pool.name, pool.settings.operator, str(pool.number_count), yes(pool.is_seeded))
        for pool in found.items
    )
    view = table(("pool", "operator", "numbers", "as the file says"), rows)
    show_list(client.options, "pools", found, view)


def show_pool(context: typer.Context, name: PoolName) -> None:
    """Shows one pool with its settings."""
    client = client_of(context)
    _show(client, _get(client, name))


def create_pool(
    context: typer.Context,
    name: PoolName,
    operator: Operator,
    request_id: RequestId,
    numbers: Numbers,
    settings: Settings = [],  # noqa: B006 - typer copies it
) -> None:
    """Creates a pool."""
    client = client_of(context)
    chosen = pb.PoolSettings(operator=operator)
    pool_settings.assigned(chosen, settings)
    request = pb.CreatePoolRequest(
        request_id=request_id, name=name, settings=chosen, masked_numbers=numbers
    )
    _show(client, client.ask(client.pools.CreatePool, request))


def set_pool(
    context: typer.Context, name: PoolName, settings: Settings, request_id: RequestId
) -> None:
    """Changes settings of a pool; live conversations go on under the new ones."""
    client = client_of(context)
    chosen = pb.PoolSettings()
    if pool_settings.names_an_entry(settings):
        present = _get(client, name).pool.settings
        chosen = pb.PoolSettings(words=present.words, texts=present.texts)
    changed = pool_settings.assigned(chosen, settings)
    request = pb.UpdatePoolRequest(
        request_id=request_id, pool=name, settings=chosen, update_mask=FieldMask(paths=changed)
    )
    _show(client, client.ask(client.pools.UpdatePool, request))


def show_advice(context: typer.Context, name: PoolName) -> None:
    """Tells how many masked numbers the load needs, and when they run out."""
    client = client_of(context)
    advice = client.ask(client.pools.GetPoolAdvice, pb.GetPoolAdviceRequest(pool=name))
    view = facts(
        [
            ("available numbers", str(advice.available_numbers)),
            ("needed numbers", str(advice.needed_numbers)),
            ("live conversations", str(advice.live_conversations)),
            ("most held by one person", str(advice.most_held_by_one_person)),
            ("numbers run out", time_of(advice, "exhaustion_time") or "not as things go"),
        ]
    )
    show(client.options, advice, view)


def sync(context: typer.Context, name: PoolName) -> None:
    """Compares a pool with the numbers that the carrier account owns; changes nothing."""
    client = client_of(context)
    found = client.ask(client.pools.SyncNumbers, pb.SyncNumbersRequest(pool=name))
    differences = list(_differences(found))
    agreed = cell("The pool and the carrier account agree.")
    view = table(("number", "what is wrong"), differences) if differences else agreed
    show(client.options, found, view)


def _differences(found: pb.SyncNumbersResponse) -> Iterator[tuple[str, str]]:
    for number in found.missing_at_carrier:
        yield number, "in the pool, not at the carrier: texts to it never arrive"
    for number in found.not_messaging_enabled:
        yield number, "in the pool, but the carrier says that it cannot text"
    for number in found.in_no_pool:
        yield number, "at the carrier, in no pool"


def _get(client: Client, name: str) -> pb.GetPoolResponse:
    return client.ask(client.pools.GetPool, pb.GetPoolRequest(pool=name))


def _show(
    client: Client, response: pb.GetPoolResponse | pb.CreatePoolResponse | pb.UpdatePoolResponse
) -> None:
    pool = response.pool
    count, seeded = str(pool.number_count), yes(pool.is_seeded)
    about = [("pool", pool.name), ("numbers", count), ("as the file says", seeded)]
    show(client.options, response, facts([*about, *pool_settings.rows(pool.settings)]))
