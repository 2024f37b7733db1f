"""`maskline watch`: what happens, as it happens, through restarts of the service."""

import json
import sys
import time
from typing import Annotated

import grpc
import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.pool_pb2 import GetPoolRequest
from maskline_cli.commands.messages import why
from maskline_cli.connection.client import CallFailed, Client, client_of
from maskline_cli.connection.failures import failure_of
from maskline_cli.connection.interrupts import uninterrupted
from maskline_cli.output.render import as_json, cell
from maskline_cli.values.fields import time_of, word_of
from maskline_cli.values.participants import conversation

# A peer that never closes is left after an hour; watching goes on behind the last cursor.
CALL_SECONDS = 3600.0

FIRST_PAUSE_SECONDS = 0.5

# A service that comes back is found soon, and one that does not is not hammered.
LONGEST_PAUSE_SECONDS = 5.0

# Some ten minutes in a row without one response: longer than any restart or failover.
MOST_FAILURES = 120

OLDEST = "0"

_TOO_SLOW = "WATCHER_TOO_SLOW"

_PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

WatchedConversation = Annotated[
    str,
    typer.Option(
        "--conversation", metavar="ID", help="Only events of this one.", show_default=False
    ),
]

FromStart = Annotated[bool, typer.Option("--from-start", help="Begins with the oldest event kept.")]

Cursor = Annotated[
    str, typer.Option(help="Goes on behind this cursor of an earlier watch.", show_default=False)
]


class Watch:
    """One watch, which knows how far it has come."""

    def __init__(self, client: Client, conversation_id: str, cursor: str) -> None:
        """An empty cursor begins now."""
        self.cursor = cursor
        self._client = client
        self._conversation_id = conversation_id
        self._failures = 0

    def run_once(self) -> float | None:
        """Prints one call's events; the seconds to pause before the next, None if there is none.

        Raises CallFailed when a further call would not help.
        """
        try:
            self._read()
        except CallFailed as failed:
            return self._pause_after(failed)
        return None

    def _read(self) -> None:
        request = pb.WatchEventsRequest(
            pool=self._client.pool, conversation_id=self._conversation_id, cursor=self.cursor
        )
        stream = self._client.conversations.WatchEvents(
            request, timeout=CALL_SECONDS, metadata=self._client.headers
        )
        try:
            for response in stream:
                self._take(response)
        except grpc.RpcError as error:
            raise CallFailed(error, self._client.options.target) from error
        finally:
            stream.cancel()

    def _take(self, response: pb.WatchEventsResponse) -> None:
        self._failures = 0
        # A line is printed whole, and the cursor that is told in the end lies behind it.
        with uninterrupted():
            if response.HasField("event"):
                tell = _as_json if self._client.options.as_json else _as_line
                print(tell(response), flush=True)
            self.cursor = response.cursor or self.cursor

    def _pause_after(self, failed: CallFailed) -> float:
        passes = failed.call.code() in _PASSING or failure_of(failed).reason == _TOO_SLOW
        if not passes or self._failures == MOST_FAILURES:
            raise failed
        pause = min(FIRST_PAUSE_SECONDS * 2.0**self._failures, LONGEST_PAUSE_SECONDS)
        self._failures += 1
        return pause


def watch(
    context: typer.Context,
    conversation_id: WatchedConversation = "",
    from_start: FromStart = False,
    cursor: Cursor = "",
) -> None:
    """Shows what happens, as it happens, until Ctrl-C; goes on by itself after an outage."""
    if cursor and from_start:
        raise typer.BadParameter("begin with --from-start or behind --cursor, not both")
    client = client_of(context)
    _look(client, conversation_id)
    watching = Watch(client, conversation_id, OLDEST if from_start else cursor)
    try:
        while (pause := watching.run_once()) is not None:
            _note(client, f"The watch was lost; it goes on in {pause:g} seconds.")
            time.sleep(pause)
    except KeyboardInterrupt:
        _note(client, f"To go on from here: --cursor {watching.cursor}" * bool(watching.cursor))


def _look(client: Client, conversation_id: str) -> None:
    """A wrong target, pool or conversation is told at once, not waited for."""
    if conversation_id:
        conversation(client, conversation_id)
    else:
        client.ask(client.pools.GetPool, GetPoolRequest(pool=client.pool))


def _note(client: Client, sentence: str) -> None:
    if sentence and not client.options.as_json:
        print(sentence, file=sys.stderr)


def _as_json(response: pb.WatchEventsResponse) -> str:
    return json.dumps({"cursor": response.cursor, "event": as_json(response.event)})


def _as_line(response: pb.WatchEventsResponse) -> str:
    event = response.event
    about = (event.conversation_id, event.participant_id, event.message_id)
    parts = (time_of(event, "event_time"), word_of(event, "type"), *about, why(event))
    return cell("  ".join(filter(None, parts))).plain
