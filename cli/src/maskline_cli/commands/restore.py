"""`maskline restore`: goes on after an older copy of Redis was restored."""

import typer

from maskline.conversation.v1 import deployment_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.render import cell, show
from maskline_cli.values.arguments import RequestId


def accept(context: typer.Context, request_id: RequestId) -> None:
    """Accepts a restored copy of Redis: ends its live conversations and starts sending again.

    Texts that wait in the copy are dropped, and people known to have opted out since stay opted
    out. It may take minutes: use --timeout, and repeat it if it fails.
    """
    client = client_of(context)
    response = client.call(
        client.deployment.AcceptRestore, pb.AcceptRestoreRequest(request_id=request_id)
    )
    counts = (
        f"{response.ended_conversations} conversations ended, {response.dropped_texts} messages "
        f"dropped, {response.restored_opt_outs} people opted out again"
    )
    show(client.options, response, cell(f"Restore accepted: {counts}."))
