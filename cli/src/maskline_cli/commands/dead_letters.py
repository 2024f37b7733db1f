"""`maskline dead-letters`: dead letters of the pool."""

from typing import Annotated, Literal

import typer

from maskline.admin.v1 import dead_letter_pb2 as pb
from maskline.conversation.v1.event_pb2 import DeadLetterReason
from maskline_cli.connection.client import Client, client_of
from maskline_cli.connection.failures import item_failure
from maskline_cli.output.pages import Page, listing
from maskline_cli.output.render import cell, show, show_list, table
from maskline_cli.values.arguments import Limit, RequestId
from maskline_cli.values.fields import enum_word, local_time

DeadLetterId = Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")]

OptionalDeadLetterId = Annotated[
    str | None, typer.Argument(metavar="ID", help="The dead letter's id.")
]

AllOfReason = Annotated[bool, typer.Option("--all", help="All of one reason, the oldest first.")]

Reason = Annotated[
    Literal["unreadable", "invalid", "retries-exhausted"] | None,
    typer.Option(help="The reason that --all requires."),
]

# Of 500 dead letters each: more than are stored.
MAX_CALLS = 1000


def list_dead_letters(context: typer.Context, limit: Limit = 100) -> None:
    """Lists the dead letters of the pool, oldest first."""
    client = client_of(context)

    def fetch(size: int, token: str) -> Page[pb.DeadLetter]:
        request = pb.ListDeadLettersRequest(pool_id=client.pool, page_size=size, page_token=token)
        response = client.call(client.dead_letters.ListDeadLetters, request)
        return Page(response.dead_letters, response.next_page_token)

    result = listing(limit, fetch)
    rows = (
        (
            letter.dead_letter_id,
            enum_word(letter, "reason"),
            local_time(letter, "create_time"),
            local_time(letter, "message_create_time"),
            letter.message_id,
            letter.conversation_id,
        )
        for letter in result.items
    )
    headings = ("dead letter", "reason", "since", "accepted", "message", "conversation")
    show_list(client.options, "dead_letters", result, table(headings, rows))


def replay(
    context: typer.Context,
    request_id: RequestId,
    dead_letter_id: OptionalDeadLetterId = None,
    all_of_reason: AllOfReason = False,
    reason: Reason = None,
) -> None:
    """Queues a dead letter for sending again, or all of one reason, after all other messages."""
    client = client_of(context)
    if all_of_reason:
        if dead_letter_id or reason is None:
            raise typer.BadParameter("--all requires --reason, and no ID")
        _replay_all(client, request_id, f"DEAD_LETTER_REASON_{reason.upper().replace('-', '_')}")
    elif dead_letter_id is None or reason is not None:
        raise typer.BadParameter("one ID, or --all with --reason, is required")
    else:
        request = pb.ReplayDeadLetterRequest(
            request_id=request_id, pool_id=client.pool, dead_letter_id=dead_letter_id
        )
        response = client.call(client.dead_letters.ReplayDeadLetter, request)
        show(client.options, response, cell(f"Queued: {response.message_id}"))


def _replay_all(client: Client, request_id: str, reason: str) -> None:
    """The exit status is 1 if any was not queued."""
    results, token = list[pb.ReplayDeadLetterResult](), ""
    for index in range(MAX_CALLS):
        request = pb.ReplayDeadLettersRequest(
            request_id=f"{request_id}-{index}",
            pool_id=client.pool,
            reason=DeadLetterReason.Value(reason),
            continuation_token=token,
        )
        response = client.call(client.dead_letters.ReplayDeadLetters, request)
        results += response.results
        token = response.continuation_token
        if not token:
            break
    rows = ((result.dead_letter_id, _outcome(result)) for result in results)
    document = pb.ReplayDeadLettersResponse(results=results, continuation_token=token)
    show(client.options, document, table(("dead letter", "result"), rows))
    if any(result.HasField("error") for result in results):
        raise typer.Exit(1)


def _outcome(result: pb.ReplayDeadLetterResult) -> str:
    if result.HasField("error"):
        failure = item_failure(result.error)
        return f"{failure.message} ({failure.reason})"
    return f"Queued: {result.message_id}"


def discard(context: typer.Context, dead_letter_id: DeadLetterId, request_id: RequestId) -> None:
    """Deletes a dead letter; its message counts as refused."""
    client = client_of(context)
    request = pb.DiscardDeadLetterRequest(
        request_id=request_id, pool_id=client.pool, dead_letter_id=dead_letter_id
    )
    response = client.call(client.dead_letters.DiscardDeadLetter, request)
    show(client.options, response, cell(f"Discarded: {response.message_id or dead_letter_id}"))
