"""`maskline people`: looks people up by number, erases a person's data and shows erasures."""

import sys
import time
from typing import Annotated

import typer

from maskline.admin.v1 import person_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.render import cell, show, table
from maskline_cli.values.arguments import Phone, RequestId
from maskline_cli.values.fields import local_time
from maskline_cli.values.participants import lookup

ErasureId = Annotated[
    str, typer.Argument(metavar="ID", help="The erasure's id, as printed by `erase`.")
]

Yes = Annotated[bool, typer.Option("--yes", help="Skips the confirmation.")]


POLL_SECONDS = 1.0

# Ten minutes: an erasure takes seconds, unless a service or Redis is not there.
MAX_POLLS = 600


class NotConfirmed(typer.TyperException):
    """The operator did not confirm; the exit status is 1."""


def look_up(context: typer.Context, phone: Phone) -> None:
    """Shows the participant id of a phone number in the pool, and its live conversations."""
    client = client_of(context)
    response = lookup(client, phone)
    rows = [(response.participant_id, ", ".join(response.conversation_ids))]
    show(client.options, response, table(("participant", "live conversations"), rows))


def erase(context: typer.Context, phone: Phone, request_id: RequestId, yes: Yes = False) -> None:
    """Erases all stored data of a person and opts them out. This cannot be undone.

    Live conversations end; the other participants get a neutral notice, the person gets none.
    """
    if not (yes or _is_confirmed()):
        raise NotConfirmed("Nothing was erased. Answer y, or use --yes.")
    client = client_of(context)
    request = pb.ErasePersonRequest(request_id=request_id, phone_number=phone)
    response = client.call(client.people.ErasePerson, request)
    if response.erasure.state == pb.ERASURE_STATE_DONE:
        _show(client, response)
    else:
        print("The person is opted out. Waiting until all is erased ...", file=sys.stderr)
        _show(client, _wait(client, response.erasure.erasure_id))


def _is_confirmed() -> bool:
    try:
        return typer.confirm("Erase all stored data of this person?", err=True)
    except typer.Abort:
        # Standard input is closed.
        return False


def get_erasure(context: typer.Context, erasure_id: ErasureId) -> None:
    """Shows the state of an erasure and how much was erased, but not whose data."""
    client = client_of(context)
    request = pb.GetErasureRequest(erasure_id=erasure_id)
    _show(client, client.call(client.people.GetErasure, request))


def _wait(client: Client, erasure_id: str) -> pb.GetErasureResponse:
    """The erasure once all is erased, or as it is after some minutes."""
    request = pb.GetErasureRequest(erasure_id=erasure_id)
    for _ in range(MAX_POLLS):
        response = client.call(client.people.GetErasure, request)
        if response.erasure.state == pb.ERASURE_STATE_DONE:
            return response
        time.sleep(POLL_SECONDS)
    return client.call(client.people.GetErasure, request)


def _show(client: Client, response: pb.ErasePersonResponse | pb.GetErasureResponse) -> None:
    erasure = response.erasure
    if erasure.state == pb.ERASURE_STATE_DONE:
        what = f"done {local_time(erasure, 'complete_time')}"
    else:
        what = f"pending since {local_time(erasure, 'create_time')}, the service goes on with it"
    counts = (
        f"{erasure.erased_conversation_count} ended conversations, "
        f"{erasure.dropped_message_count} messages"
    )
    sentence = f"Erasure {erasure.erasure_id}, {what}: {counts} erased."
    show(client.options, response, cell(sentence))
