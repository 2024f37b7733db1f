"""`maskline watch`: prints events as they occur, across restarts of the service."""

import json
import sys
import time
from typing import Annotated

import grpc
import typer

from maskline.admin.v1.pool_pb2 import GetPoolRequest
from maskline.conversation.v1 import event_pb2 as pb
from maskline_cli.connection.client import CallFailed, Client, client_of
from maskline_cli.connection.failures import failure_of
from maskline_cli.connection.interrupts import uninterrupted
from maskline_cli.output.event_descriptions import describe
from maskline_cli.output.render import as_json, cell
from maskline_cli.values.fields import enum_word, local_time
from maskline_cli.values.participants import conversation

# Deadline of one call; the next one resumes after the last cursor.
CALL_SECONDS = 3600.0
FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 5.0
# Some ten minutes without a response: longer than any restart or failover.
MAX_FAILURES = 120

_TOO_SLOW = "WATCH_TOO_SLOW"

# Of the dotted names of types, and of those in the table of events.
_SEPARATORS = str.maketrans(".-", "__")

_TRANSIENT = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

WatchedConversation = Annotated[
    str,
    typer.Option(
        "--conversation", metavar="ID", help="Only events of this conversation.", show_default=False
    ),
]

Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="Only events of this type, such as conversation.ended. May be repeated.",
        show_default=False,
    ),
]

FromStart = Annotated[
    bool, typer.Option("--from-start", help="Starts with the oldest stored event.")
]

Cursor = Annotated[
    str, typer.Option(help="Resumes after this cursor of an earlier watch.", show_default=False)
]


class Watch:
    """One watch with its current cursor."""

    def __init__(self, client: Client, first: pb.WatchEventsRequest) -> None:
        """Starts as the first request says, and resumes after the last cursor."""
        self.cursor = first.cursor
        self._first = first
        self._client = client
        self._failures = 0

    def run_once(self) -> float | None:
        """Prints the events of one call; returns the backoff before the next in seconds.

        Returns None if the server ended the stream. Raises CallFailed if a retry cannot help.
        """
        try:
            self._read()
        except CallFailed as failed:
            return self._backoff_after(failed)
        return None

    def _read(self) -> None:
        request = pb.WatchEventsRequest()
        request.CopyFrom(self._first)
        if self.cursor:
            request.cursor = self.cursor
        stream = self._client.events.WatchEvents(
            request, timeout=CALL_SECONDS, metadata=self._client.headers
        )
        try:
            for response in stream:
                self._print(response)
        except grpc.RpcError as error:
            raise CallFailed(error, self._client.options.target) from error
        finally:
            stream.cancel()

    def _print(self, response: pb.WatchEventsResponse) -> None:
        self._failures = 0
        # Ctrl-C must not come between a line and its cursor.
        with uninterrupted():
            if response.HasField("event"):
                render = _as_json if self._client.options.as_json else _as_line
                print(render(response), flush=True)
            self.cursor = response.cursor or self.cursor

    def _backoff_after(self, failed: CallFailed) -> float:
        is_transient = failed.call.code() in _TRANSIENT or failure_of(failed).reason == _TOO_SLOW
        if not is_transient or self._failures == MAX_FAILURES:
            raise failed
        backoff = min(FIRST_BACKOFF_SECONDS * 2.0**self._failures, MAX_BACKOFF_SECONDS)
        self._failures += 1
        return backoff


def watch(
    context: typer.Context,
    conversation_id: WatchedConversation = "",
    types: Types = None,
    from_start: FromStart = False,
    cursor: Cursor = "",
) -> None:
    """Prints events as they occur, until Ctrl-C; resumes after an outage."""
    if cursor and from_start:
        raise typer.BadParameter("use either --from-start or --cursor")
    client = client_of(context)
    first = pb.WatchEventsRequest(pool_id=client.pool, conversation_id=conversation_id)
    first.types.extend(map(_type_of, types or ()))
    if cursor:
        first.cursor = cursor
    else:
        oldest, now = pb.START_POSITION_OLDEST, pb.START_POSITION_NOW
        first.start_position = oldest if from_start else now
    _check_target(client, conversation_id)
    current = Watch(client, first)
    try:
        while (backoff := current.run_once()) is not None:
            _print_note(client, f"The connection was lost; retrying in {backoff:g} seconds.")
            time.sleep(backoff)
    except KeyboardInterrupt:
        if current.cursor:
            _print_note(client, f"To resume from here: --cursor {current.cursor}")


def _check_target(client: Client, conversation_id: str) -> None:
    """Raises CallFailed at once for a wrong target, pool or conversation."""
    if conversation_id:
        conversation(client, conversation_id)
    else:
        client.call(client.pools.GetPool, GetPoolRequest(pool_id=client.pool))


def _type_of(name: str) -> pb.EventType.ValueType:
    """The type of its dotted name, or of the one in the table of events."""
    try:
        return pb.EventType.Value(f"EVENT_TYPE_{name.translate(_SEPARATORS).upper()}")
    except ValueError:
        raise typer.BadParameter(f"there is no event type {name}") from None


def _print_note(client: Client, sentence: str) -> None:
    if not client.options.as_json:
        print(sentence, file=sys.stderr)


def _as_json(response: pb.WatchEventsResponse) -> str:
    return json.dumps({"cursor": response.cursor, "event": as_json(response.event)})


def _as_line(response: pb.WatchEventsResponse) -> str:
    event = response.event
    ids = (event.conversation_id, event.participant_id, event.message_id)
    fields = (local_time(event, "event_time"), enum_word(event, "type"), *ids, describe(event, {}))
    return cell("  ".join(filter(None, fields))).plain
