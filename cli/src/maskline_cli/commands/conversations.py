"""`maskline conversations`: lists, shows, updates, pauses, resumes and reopens conversations."""

from enum import StrEnum
from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.conversations import conversation_details, conversation_table
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import show, show_list
from maskline_cli.values.arguments import (
    ConversationId,
    Limit,
    MaskedNumberOption,
    RequestId,
    UniqueName,
)
from maskline_cli.values.parsers import labels, moment, phone_number
from maskline_cli.values.participants import conversation, lookup


class State(StrEnum):
    """The states by which conversations are listed."""

    WAITING = "waiting"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


States = Annotated[
    list[State],
    typer.Option(
        "--state",
        help="Only conversations in this state; may be repeated.",
        default_factory=list,
        show_default=False,
    ),
]

ParticipantId = Annotated[
    str, typer.Option("--participant", metavar="ID", help="Only conversations of this participant.")
]

PersonsPhone = Annotated[
    str | None,
    typer.Option(
        "--phone",
        metavar="PHONE",
        parser=phone_number,
        help='Only conversations of this phone number, which is looked up; "-" reads it from '
        "standard input.",
    ),
]

NewName = Annotated[
    str | None,
    typer.Option("--name", help="The unique name; empty for none.", show_default=False),
]

NewLabels = Annotated[
    list[str],
    typer.Option(
        "--label",
        metavar="KEY=VALUE",
        help="A label; an empty value removes it; may be repeated.",
        default_factory=list,
        show_default=False,
    ),
]

MaxEndTime = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help='When it ends at the latest, in local time, such as "2026-03-01 12:00"; empty for the '
        "pool's maximum lifetime from now.",
        show_default=False,
    ),
]


def list_conversations(
    context: typer.Context,
    state: States,
    masked_number: MaskedNumberOption = None,
    unique_name: UniqueName = "",
    participant: ParticipantId = "",
    phone: PersonsPhone = None,
    limit: Limit = 50,
) -> None:
    """Lists the conversations of the pool, newest first, including ended ones."""
    client = client_of(context)
    request = pb.ListConversationsRequest(
        pool_id=client.pool,
        states=[
            pb.ConversationState.Value(f"CONVERSATION_STATE_{listed.name}") for listed in state
        ],
        masked_number=masked_number or "",
        unique_name=unique_name,
        participant_id=participant or (lookup(client, phone).participant_id if phone else ""),
    )

    def fetch(size: int, token: str) -> Page[pb.Conversation]:
        request.page_size, request.page_token = size, token
        response = client.call(client.conversations.ListConversations, request)
        return Page(response.conversations, response.next_page_token)

    result = listing(limit, fetch)
    show_list(client.options, "conversations", result, conversation_table(result.items))


def show_conversation(context: typer.Context, conversation_id: ConversationId) -> None:
    """Shows one conversation."""
    client = client_of(context)
    response = conversation(client, conversation_id)
    show(client.options, response, conversation_details(response.conversation))


def update(
    context: typer.Context,
    conversation_id: ConversationId,
    request_id: RequestId,
    label: NewLabels,
    name: NewName = None,
    max_end_time: MaxEndTime = None,
) -> None:
    """Changes what the options say, and nothing else."""
    client, given = client_of(context), labels(label)
    changed = pb.Conversation(
        pool_id=client.pool,
        conversation_id=conversation_id,
        unique_name=name or "",
        labels={key: value for key, value in given.items() if value},
    )
    if max_end_time:
        changed.max_end_time.FromDatetime(moment(max_end_time))
    paths = [f"labels.{key}" for key in given]
    paths += ["unique_name"] * (name is not None) + ["max_end_time"] * (max_end_time is not None)
    if not paths:
        raise typer.BadParameter("use --name, --label or --max-end-time")
    request = pb.UpdateConversationRequest(
        request_id=request_id, conversation=changed, update_mask=FieldMask(paths=paths)
    )
    response = client.call(client.conversations.UpdateConversation, request)
    show(client.options, response, conversation_details(response.conversation))


def pause(context: typer.Context, conversation_id: ConversationId, request_id: RequestId) -> None:
    """Pauses an active conversation: messages are held or refused, as the pool's policy says."""
    client = client_of(context)
    request = pb.PauseConversationRequest(
        request_id=request_id, pool_id=client.pool, conversation_id=conversation_id
    )
    response = client.call(client.conversations.PauseConversation, request)
    show(client.options, response, conversation_details(response.conversation))


def resume(context: typer.Context, conversation_id: ConversationId, request_id: RequestId) -> None:
    """Resumes a paused conversation; held messages are sent."""
    client = client_of(context)
    request = pb.ResumeConversationRequest(
        request_id=request_id, pool_id=client.pool, conversation_id=conversation_id
    )
    response = client.call(client.conversations.ResumeConversation, request)
    show(client.options, response, conversation_details(response.conversation))


def reopen(context: typer.Context, conversation_id: ConversationId, request_id: RequestId) -> None:
    """Reopens an ended conversation within the pool's grace period."""
    client = client_of(context)
    request = pb.ReopenConversationRequest(
        request_id=request_id, pool_id=client.pool, conversation_id=conversation_id
    )
    response = client.call(client.conversations.ReopenConversation, request)
    show(client.options, response, conversation_details(response.conversation))
