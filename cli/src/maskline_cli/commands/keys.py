"""`maskline keys`: shows which state keys are in use, and rotates to the current one."""

import uuid
from collections import Counter

import typer

from maskline.admin.v1 import maintenance_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.render import show, table


def list_keys(context: typer.Context) -> None:
    """Counts the stored records by state key; changes nothing."""
    client = client_of(context)
    _show(client, _run_all_steps(client, only_count=True))


def rotate(context: typer.Context) -> None:
    """Re-encrypts records of former state keys while services run; may be repeated."""
    client = client_of(context)
    _show(client, _run_all_steps(client, only_count=False))


def _run_all_steps(client: Client, *, only_count: bool) -> pb.RotateStateKeysResponse:
    """Runs all steps and adds up their responses. The number of steps is bounded."""
    steps = [_step(client, "", only_count)]
    while steps[-1].next_page_token:
        steps.append(_step(client, steps[-1].next_page_token, only_count))
    records, current = Counter[str](), ""
    for key in (key for step in steps for key in step.keys):
        records[key.key_id] += key.records
        current = key.key_id if key.is_current else current
    return pb.RotateStateKeysResponse(
        keys=(
            pb.StateKey(key_id=key_id, is_current=key_id == current, records=count)
            for key_id, count in records.items()
        ),
        resealed_records=sum(step.resealed_records for step in steps),
        unreadable_records=sum(step.unreadable_records for step in steps),
    )


def _step(client: Client, token: str, only_count: bool) -> pb.RotateStateKeysResponse:
    request = pb.RotateStateKeysRequest(
        request_id=str(uuid.uuid4()), page_token=token, only_count=only_count
    )
    return client.call(client.deployment.RotateStateKeys, request)


def _show(client: Client, response: pb.RotateStateKeysResponse) -> None:
    rows = [
        (key.key_id, "current" if key.is_current else "former", str(key.records))
        for key in response.keys
    ]
    if response.unreadable_records:
        rows.append(("", "unreadable", str(response.unreadable_records)))
    show(client.options, response, table(("key", "state", "records"), rows))
