"""`maskline conversations update`: changes a name, labels and the maximum end."""

from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.conversations import conversation_details
from maskline_cli.output.render import show
from maskline_cli.values.arguments import ConversationId, RequestId
from maskline_cli.values.parsers import labels, moment

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
    conversation = pb.Conversation(
        pool_id=client.pool,
        conversation_id=conversation_id,
        unique_name=name or "",
        labels={key: value for key, value in given.items() if value},
    )
    if max_end_time:
        conversation.max_end_time.FromDatetime(moment(max_end_time))
    paths = [f"labels.{key}" for key in given]
    paths += ["unique_name"] * (name is not None) + ["max_end_time"] * (max_end_time is not None)
    if not paths:
        raise typer.BadParameter("use --name, --label or --max-end-time")
    request = pb.UpdateConversationRequest(
        request_id=request_id, conversation=conversation, update_mask=FieldMask(paths=paths)
    )
    response = client.call(client.conversations.UpdateConversation, request)
    show(client.options, response, conversation_details(response.conversation))
