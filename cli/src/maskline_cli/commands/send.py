"""`maskline send` and `maskline end`: speaking into a conversation, and ending it."""

from typing import Annotated

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.conversations import conversation_facts
from maskline_cli.output.render import cell, show
from maskline_cli.values.arguments import ConversationId, RequestId, Speaker
from maskline_cli.values.parsers import message_body
from maskline_cli.values.participants import participant_id

Words = Annotated[
    str,
    typer.Argument(
        metavar="TEXT", help='The words; "-" reads them from standard input.', show_default=False
    ),
]

AsSystem = Annotated[bool, typer.Option("--system", help="As the system, to both.")]

Note = Annotated[
    str,
    typer.Option(
        help="Why, for staff to read later, at most 200 characters. Write no phone number into it.",
        show_default=False,
    ),
]


def send(
    context: typer.Context,
    conversation_id: ConversationId,
    text: Words,
    request_id: RequestId,
    speaker: Speaker = "",
    system: AsSystem = False,
) -> None:
    """Speaks into a conversation: for one participant to the other, or as the system to both."""
    if bool(speaker) == system:
        raise typer.BadParameter("say whose words these are: --as or --system, not both")
    client = client_of(context)
    request = pb.SendMessageRequest(
        request_id=request_id,
        pool=client.pool,
        conversation_id=conversation_id,
        body=message_body(text),
    )
    if system:
        request.system = True
    else:
        request.participant_id = participant_id(client, conversation_id, speaker)
    response = client.ask(client.conversations.SendMessage, request)
    show(client.options, response, cell(_became_of(response)))


def end(
    context: typer.Context,
    conversation_id: ConversationId,
    request_id: RequestId,
    speaker: Speaker = "",
    note: Note = "",
) -> None:
    """Ends a conversation, as the operator unless --as names a participant."""
    client = client_of(context)
    request = pb.EndConversationRequest(
        request_id=request_id,
        pool=client.pool,
        conversation_id=conversation_id,
        participant_id=participant_id(client, conversation_id, speaker),
        note=note,
    )
    response = client.ask(client.conversations.EndConversation, request)
    show(client.options, response, conversation_facts(response.conversation))


def _became_of(response: pb.SendMessageResponse) -> str:
    if response.is_held:
        return "Held: the conversation is paused."
    return f"On the way: {', '.join(response.message_ids)}"
