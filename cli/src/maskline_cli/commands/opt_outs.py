"""`maskline people show|opt-out|opt-in`: opt-outs of people, in the whole deployment."""

import typer

from maskline.conversation.v1 import opt_out_pb2 as pb
from maskline_cli.connection.client import Client, client_of
from maskline_cli.output.render import cell, show
from maskline_cli.values.arguments import Phone, RequestId
from maskline_cli.values.fields import enum_word, local_time


def get_opt_out(context: typer.Context, phone: Phone) -> None:
    """Shows whether a person has opted out."""
    client = client_of(context)
    request = pb.GetOptOutRequest(phone_number=phone)
    _show(client, client.call(client.opt_outs.GetOptOut, request))


def add_opt_out(context: typer.Context, phone: Phone, request_id: RequestId) -> None:
    """Opts a person out: their live conversations end in all pools, without a notice to them."""
    client = client_of(context)
    request = pb.OptOutRequest(request_id=request_id, phone_number=phone)
    _show(client, client.call(client.opt_outs.OptOut, request))


def remove_opt_out(context: typer.Context, phone: Phone, request_id: RequestId) -> None:
    """Opts a person in again. Only at the person's own request."""
    client = client_of(context)
    request = pb.OptInRequest(request_id=request_id, phone_number=phone)
    _show(client, client.call(client.opt_outs.OptIn, request))


def _show(
    client: Client, response: pb.GetOptOutResponse | pb.OptOutResponse | pb.OptInResponse
) -> None:
    state = response.state
    sentence = "Not opted out."
    if state.is_opted_out:
        since, source = local_time(state, "opt_out_time"), enum_word(state, "source")
        sentence = f"Opted out since {since}, source: {source}."
    show(client.options, response, cell(sentence))
