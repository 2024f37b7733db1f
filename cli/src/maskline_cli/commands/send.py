"""`maskline conversations send` and `end`: sends a message into a conversation, and ends it."""

from typing import Annotated

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.conversations import conversation_details
from maskline_cli.output.render import cell, show
from maskline_cli.values.arguments import ConversationId, OnBehalfOf, RequestId
from maskline_cli.values.parsers import message_body
from maskline_cli.values.participants import participant_id

Body = Annotated[
    str,
    typer.Argument(
        metavar="TEXT", help='The body; "-" reads it from standard input.', show_default=False
    ),
]

AsSystem = Annotated[
    bool, typer.Option("--system", help="Sends as the system, to both participants.")
]

Note = Annotated[
    str,
    typer.Option(
        help="The reason, for staff, at most 200 characters. Must not contain a phone number.",
        show_default=False,
    ),
]


def send(
    context: typer.Context,
    conversation_id: ConversationId,
    body: Body,
    request_id: RequestId,
    participant: OnBehalfOf = "",
    system: AsSystem = False,
) -> None:
    """Sends a message: for one participant to the other, or as the system to both."""
    if bool(participant) == system:
        raise typer.BadParameter("use either --as or --system")
    client = client_of(context)
    request = pb.SendMessageRequest(
        request_id=request_id,
        pool_id=client.pool,
        conversation_id=conversation_id,
        body=message_body(body),
    )
    if system:
        request.system = True
    else:
        request.participant_id = participant_id(client, conversation_id, participant)
    response = client.call(client.conversations.SendMessage, request)
    show(client.options, response, cell(_outcome(response)))


def end(
    context: typer.Context,
    conversation_id: ConversationId,
    request_id: RequestId,
    participant: OnBehalfOf = "",
    note: Note = "",
) -> None:
    """Ends a conversation, on behalf of the operator or of a participant (--as)."""
    client = client_of(context)
    request = pb.EndConversationRequest(
        request_id=request_id,
        pool_id=client.pool,
        conversation_id=conversation_id,
        participant_id=participant_id(client, conversation_id, participant),
        note=note,
    )
    response = client.call(client.conversations.EndConversation, request)
    show(client.options, response, conversation_details(response.conversation))


def _outcome(response: pb.SendMessageResponse) -> str:
    if response.is_held:
        return "Held: the conversation is paused."
    return f"Queued: {', '.join(response.message_ids)}"
