"""`maskline people blocks|unblock`: blocks between people of the pool."""

from typing import Annotated

import typer

from maskline.admin.v1 import person_pb2 as pb
from maskline_cli.connection.client import client_of
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import cell, show, show_list, table
from maskline_cli.values.arguments import Limit, RequestId
from maskline_cli.values.fields import local_time

BlockId = Annotated[str, typer.Argument(metavar="ID", help="The block's id.")]

Participant = Annotated[
    str,
    typer.Option(
        "--participant",
        metavar="PARTICIPANT_ID",
        help="Only blocks that this participant made or is the object of.",
        show_default=False,
    ),
]


def list_blocks(context: typer.Context, participant: Participant = "", limit: Limit = 100) -> None:
    """Lists the blocks of the pool, oldest first."""
    client = client_of(context)

    def fetch(size: int, token: str) -> Page[pb.Block]:
        request = pb.ListBlocksRequest(
            pool_id=client.pool, participant_id=participant, page_size=size, page_token=token
        )
        response = client.call(client.people.ListBlocks, request)
        return Page(response.blocks, response.next_page_token)

    result = listing(limit, fetch)
    rows = (
        (
            block.block_id,
            block.blocker_participant_id,
            block.blocked_participant_id,
            local_time(block, "create_time"),
            block.conversation_id,
        )
        for block in result.items
    )
    headings = ("block", "blocked by", "blocked", "since", "conversation")
    show_list(client.options, "blocks", result, table(headings, rows))


def delete_block(context: typer.Context, block_id: BlockId, request_id: RequestId) -> None:
    """Deletes a block, at the request of the person who made it: the two may meet again."""
    client = client_of(context)
    request = pb.DeleteBlockRequest(request_id=request_id, pool_id=client.pool, block_id=block_id)
    response = client.call(client.people.DeleteBlock, request)
    show(client.options, response, cell(f"Deleted: {block_id}"))
