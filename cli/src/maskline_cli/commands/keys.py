"""`maskline keys`: shows which state keys are in use, and rotates to the current one."""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence

import typer

from maskline.admin.v1 import maintenance_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.render import show, table

Steps = Sequence[pb.ListStateKeysResponse] | Sequence[pb.RotateStateKeysResponse]


def list_keys(context: typer.Context) -> None:
    """Counts the stored records by state key; changes nothing."""
    client = client_of(context)
    steps = [*_count(client)]
    response = pb.ListStateKeysResponse(
        keys=_keys(steps), unreadable_record_count=_unreadable(steps)
    )
    _show(client, response)


def rotate(context: typer.Context) -> None:
    """Re-encrypts records of former state keys while services run; may be repeated."""
    client = client_of(context)
    steps = [*_rotate(client)]
    response = pb.RotateStateKeysResponse(
        keys=_keys(steps),
        re_encrypted_record_count=sum(step.re_encrypted_record_count for step in steps),
        unreadable_record_count=_unreadable(steps),
    )
    _show(client, response)


def _count(client: Client) -> Iterator[pb.ListStateKeysResponse]:
    """All steps. Their number is bounded by that of the records."""
    request = pb.ListStateKeysRequest()
    while True:
        step = client.call(client.deployment.ListStateKeys, request)
        yield step
        if not step.continuation_token:
            return
        request = pb.ListStateKeysRequest(continuation_token=step.continuation_token)


def _rotate(client: Client) -> Iterator[pb.RotateStateKeysResponse]:
    """All steps. Their number is bounded by that of the records."""
    token = ""
    while True:
        request = pb.RotateStateKeysRequest(request_id=str(uuid.uuid4()), continuation_token=token)
        step = client.call(client.deployment.RotateStateKeys, request)
        yield step
        token = step.continuation_token
        if not token:
            return


def _keys(steps: Steps) -> Iterator[pb.StateKey]:
    counts, current = Counter[str](), ""
    for key in (key for step in steps for key in step.keys):
        counts[key.key_id] += key.record_count
        current = key.key_id if key.current else current
    for key_id, count in counts.items():
        yield pb.StateKey(key_id=key_id, current=key_id == current, record_count=count)


def _unreadable(steps: Steps) -> int:
    return sum(step.unreadable_record_count for step in steps)


def _show(client: Client, response: pb.ListStateKeysResponse | pb.RotateStateKeysResponse) -> None:
    rows = [
        (key.key_id, "current" if key.current else "former", str(key.record_count))
        for key in response.keys
    ]
    if response.unreadable_record_count:
        rows.append(("", "unreadable", str(response.unreadable_record_count)))
    show(client.options, response, table(("key", "state", "records"), rows))
