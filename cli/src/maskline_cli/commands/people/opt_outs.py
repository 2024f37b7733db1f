"""`maskline people show|opt-out|opt-in`: opt-outs of people, in the whole deployment."""

import typer

from maskline.admin.v1 import person_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.render import cell, show
from maskline_cli.values.arguments import Phone, RequestId
from maskline_cli.values.fields import enum_word, local_time


def get_opt_out(context: typer.Context, phone: Phone) -> None:
    """Shows whether a person has opted out."""
    client = client_of(context)
    request = pb.GetOptOutRequest(phone_number=phone)
    _show(client, client.call(client.people.GetOptOut, request))


def add_opt_out(context: typer.Context, phone: Phone, request_id: RequestId) -> None:
    """Opts a person out: their live conversations end in all pools, without a notice to them."""
    client = client_of(context)
    request = pb.OptOutPersonRequest(request_id=request_id, phone_number=phone)
    _show(client, client.call(client.people.OptOutPerson, request))


def remove_opt_out(context: typer.Context, phone: Phone, request_id: RequestId) -> None:
    """Opts a person in again. Only at the person's own request."""
    client = client_of(context)
    request = pb.OptInPersonRequest(request_id=request_id, phone_number=phone)
    _show(client, client.call(client.people.OptInPerson, request))


def _show(
    client: Client,
    response: pb.GetOptOutResponse | pb.OptOutPersonResponse | pb.OptInPersonResponse,
) -> None:
    state = response.opt_out
    sentence = "Not opted out."
    if state.opted_out:
        since, source = local_time(state, "opt_out_time"), enum_word(state, "source")
        note = f" ({state.note})" if state.note else ""
        sentence = f"Opted out since {since}, source: {source}{note}."
    show(client.options, response, cell(sentence))
