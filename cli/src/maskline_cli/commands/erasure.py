"""`maskline people`: removing all about a person."""

from typing import Annotated

import typer

from maskline.conversation.v1 import person_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.render import cell, show
from maskline_cli.values.arguments import Phone, RequestId
from maskline_cli.values.fields import time_of

ErasureId = Annotated[
    str, typer.Argument(metavar="ID", help="What the person was told, or erase has printed.")
]

Yes = Annotated[bool, typer.Option("--yes", help="Does not ask whether that is meant.")]


class NotConfirmed(typer.TyperException):
    """Nobody has said that something is to be removed; the exit status is 1."""


def erase(context: typer.Context, phone: Phone, request_id: RequestId, yes: Yes = False) -> None:
    """Removes all that is stored about a person, and opts them out. It cannot be undone.

    Live conversations end, and partners are told neutrally. Nothing is texted to the person.
    """
    if not (yes or _is_meant()):
        raise NotConfirmed("Nothing was removed. Answer y, or give --yes.")
    client = client_of(context)
    request = pb.ErasePersonRequest(request_id=request_id, phone_number=phone)
    _show(client, client.ask(client.people.ErasePerson, request))


def _is_meant() -> bool:
    try:
        return typer.confirm("Remove all that is stored about this person?", err=True)
    except typer.Abort:
        # Nobody is there to be asked.
        return False


def get_erasure(context: typer.Context, erasure_id: ErasureId) -> None:
    """Tells when an erasure was made, and how much was removed. Of whom is not known any more."""
    client = client_of(context)
    request = pb.GetErasureRequest(erasure_id=erasure_id)
    _show(client, client.ask(client.people.GetErasure, request))


def _show(client: Client, response: pb.ErasePersonResponse | pb.GetErasureResponse) -> None:
    made = response.erasure
    removed = (
        f"{made.erased_conversations} ended conversations and {made.dropped_texts} texts removed"
    )
    sentence = f"Erasure {made.erasure_id}, {time_of(made, 'erase_time')}: {removed}."
    show(client.options, response, cell(sentence))
