"""`maskline conversations send` and `end`: sends a message into a conversation, and ends it."""

from typing import Annotated

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
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
    bool, typer.Option("--system", help="Sends as the system, to both participants or to --to.")
]

To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="first|second|PARTICIPANT_ID",
        help="The only participant to send to.",
        show_default=False,
    ),
]

Media = Annotated[
    list[str] | None,
    typer.Option("--media", metavar="URL", help="A file to send; may be repeated."),
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
    request_id: RequestId,
    body: Body = "",
    participant: OnBehalfOf = "",
    system: AsSystem = False,
    to: To = "",
    media: Media = None,
) -> None:
    """Sends a message: for one participant to the other, or as the system to one or both."""
    if bool(participant) == system:
        raise typer.BadParameter("use either --as or --system")
    client = client_of(context)
    request = message_pb2.SendMessageRequest(
        request_id=request_id,
        pool_id=client.pool,
        conversation_id=conversation_id,
        body=message_body(body),
        media=[message_pb2.Attachment(url=url) for url in media or ()],
    )
    if to:
        request.recipient_participant_ids.append(participant_id(client, conversation_id, to))
    if system:
        request.system.SetInParent()
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


def _outcome(response: message_pb2.SendMessageResponse) -> str:
    ids = ", ".join(message.message_id for message in response.messages)
    if any(message.state == message_pb2.MESSAGE_STATE_HELD for message in response.messages):
        return f"Held, as the conversation is paused: {ids}"
    return f"Queued: {ids}"
