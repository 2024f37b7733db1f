"""`maskline conversations`: finding them, and pausing, resuming and reopening one."""

from typing import Annotated, Literal

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.conversations import conversation_facts, conversation_table
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import show, show_list
from maskline_cli.values.arguments import (
    ConversationId,
    Limit,
    MaskedNumberOption,
    RequestId,
    UniqueName,
)
from maskline_cli.values.parsers import phone_number
from maskline_cli.values.participants import conversation

State = Annotated[
    Literal["waiting", "active", "ended"] | None, typer.Option(help="Only those in this state.")
]

ParticipantId = Annotated[
    str, typer.Option("--participant", metavar="ID", help="Only this participant's.")
]

PersonsPhone = Annotated[
    str | None,
    typer.Option(
        "--phone",
        metavar="PHONE",
        parser=phone_number,
        help='Only those of the person with this number; "-" reads it from standard input.',
    ),
]


def list_conversations(
    context: typer.Context,
    state: State = None,
    masked_number: MaskedNumberOption = None,
    unique_name: UniqueName = "",
    participant: ParticipantId = "",
    phone: PersonsPhone = None,
    limit: Limit = 50,
) -> None:
    """Lists the conversations of the pool, newest first, ended ones included."""
    client = client_of(context)
    asked = pb.ListConversationsRequest(
        pool=client.pool,
        state=pb.ConversationState.Value(f"CONVERSATION_STATE_{(state or 'unspecified').upper()}"),
        masked_number=masked_number or "",
        unique_name=unique_name,
        participant_id=participant,
        phone_number=phone or "",
    )

    def ask(size: int, token: str) -> Page[pb.Conversation]:
        asked.page_size, asked.page_token = size, token
        response = client.ask(client.conversations.ListConversations, asked)
        return Page(response.conversations, response.next_page_token)

    found = listing(limit, ask)
    show_list(client.options, "conversations", found, conversation_table(found.items))


def show_conversation(context: typer.Context, conversation_id: ConversationId) -> None:
    """Shows one conversation."""
    client = client_of(context)
    response = conversation(client, conversation_id)
    show(client.options, response, conversation_facts(response.conversation))


def pause(context: typer.Context, conversation_id: ConversationId, request_id: RequestId) -> None:
    """Pauses an active conversation: texts are held or refused, as the pool says."""
    client = client_of(context)
    request = pb.PauseConversationRequest(
        request_id=request_id, pool=client.pool, conversation_id=conversation_id
    )
    response = client.ask(client.conversations.PauseConversation, request)
    show(client.options, response, conversation_facts(response.conversation))


def resume(context: typer.Context, conversation_id: ConversationId, request_id: RequestId) -> None:
    """Resumes a paused conversation; held texts are passed on."""
    client = client_of(context)
    request = pb.ResumeConversationRequest(
        request_id=request_id, pool=client.pool, conversation_id=conversation_id
    )
    response = client.ask(client.conversations.ResumeConversation, request)
    show(client.options, response, conversation_facts(response.conversation))


def reopen(context: typer.Context, conversation_id: ConversationId, request_id: RequestId) -> None:
    """Takes an ending back, inside the pool's grace window."""
    client = client_of(context)
    request = pb.ReopenConversationRequest(
        request_id=request_id, pool=client.pool, conversation_id=conversation_id
    )
    response = client.ask(client.conversations.ReopenConversation, request)
    show(client.options, response, conversation_facts(response.conversation))
