"""`maskline keys`: under which state keys what is stored lies, and its coming under the new one."""

import uuid
from collections import Counter

import typer

from maskline.conversation.v1 import deployment_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.render import show, table


def status(context: typer.Context) -> None:
    """Counts what lies under which state key; changes nothing."""
    client = client_of(context)
    _show(client, _walked(client, only_count=True))


def rotate(context: typer.Context) -> None:
    """Seals anew what lies under a former state key, while services run; may be repeated."""
    client = client_of(context)
    _show(client, _walked(client, only_count=False))


def _walked(client: Client, *, only_count: bool) -> pb.RotateKeysResponse:
    """All steps in one response. The service's steps come to an end, however much is stored."""
    steps = [_step(client, "", only_count)]
    while steps[-1].next_page_token:
        steps.append(_step(client, steps[-1].next_page_token, only_count))
    records, current = Counter[str](), ""
    for one in (key for step in steps for key in step.keys):
        records[one.key_id] += one.records
        current = one.key_id if one.is_current else current
    return pb.RotateKeysResponse(
        keys=(
            pb.StateKey(key_id=name, is_current=name == current, records=number)
            for name, number in records.items()
        ),
        resealed_records=sum(step.resealed_records for step in steps),
        unreadable_records=sum(step.unreadable_records for step in steps),
    )


def _step(client: Client, token: str, only_count: bool) -> pb.RotateKeysResponse:
    request = pb.RotateKeysRequest(
        request_id=str(uuid.uuid4()), page_token=token, only_count=only_count
    )
    return client.ask(client.deployment.RotateKeys, request)


def _show(client: Client, found: pb.RotateKeysResponse) -> None:
    rows = [
        (one.key_id, "current" if one.is_current else "former", str(one.records))
        for one in found.keys
    ]
    rows += [("", "none opens", str(found.unreadable_records))] if found.unreadable_records else []
    show(client.options, found, table(("key", "state", "records"), rows))
