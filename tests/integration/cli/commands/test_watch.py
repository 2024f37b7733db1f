"""`maskline watch` misses no event, repeats none, and ends on Ctrl-C."""

import json
from contextlib import nullcontext
from typing import Any

import grpc
import pytest
from integration.cli.in_process import maskline
from integration.cli.samples import NOON_SHOWN, TALKING, watched
from integration.cli.scripted import Answer, Deployment

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline_cli.commands import watch as watch_module
from maskline_cli.commands.watch import Watch
from maskline_cli.connection.client import CallFailed, Client
from maskline_cli.connection.options import Options
from runtime.grpc.status import RpcStatus
from support.net.ports import free_port
from support.services.cli_process import watching

STARTED = watched(1, event_pb2.EVENT_TYPE_CONVERSATION_CREATED)
CREATED = "A person started a conversation and received a join code."
JOINED = watched(2, event_pb2.EVENT_TYPE_CONVERSATION_JOINED, participant_id="p-bob")
HEARTBEAT = event_pb2.WatchEventsResponse(cursor="9-0", heartbeat=True)
TOO_SLOW = RpcStatus(grpc.StatusCode.RESOURCE_EXHAUSTED, "WATCH_TOO_SLOW", "Too slow.")
EXPIRED = RpcStatus(grpc.StatusCode.OUT_OF_RANGE, "CURSOR_EXPIRED", "No longer kept.")


@pytest.fixture
def in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the main thread can handle Ctrl-C; retries follow at once."""
    monkeypatch.setattr(watch_module, "uninterrupted", nullcontext)
    monkeypatch.setattr(watch_module, "FIRST_BACKOFF_SECONDS", 0.0)


async def test_events_are_printed_line_by_line_until_ctrl_c(deployment: Deployment) -> None:
    deployment.watches = [[STARTED, HEARTBEAT, JOINED]]
    async with watching(deployment.target) as watch:
        line = await watch.line()
        assert line == f"{NOON_SHOWN} XYZ  conversation-created  c1  p-alice  {CREATED}\n"
        assert "conversation-joined" in await watch.line()
        ended = await watch.interrupted()
    assert (ended.status, ended.out) == (0, "")
    assert "--cursor 2-0" in ended.err


async def test_a_closed_pipe_ends_a_watch_without_a_message(deployment: Deployment) -> None:
    deployment.watches = [[STARTED] * 10_000]
    async with watching(deployment.target) as watch:
        await watch.line()
        watch.stop_reading()
        ended = await watch.ended()
    assert (ended.status, ended.err) == (1, "")


@pytest.mark.usefixtures("in_a_thread")
async def test_json_has_one_object_a_line_with_its_cursor(deployment: Deployment) -> None:
    deployment.watches = [[STARTED, HEARTBEAT, JOINED, EXPIRED]]
    ended = await maskline(deployment.target, "watch", "--json")
    first, second = map(json.loads, ended.out.splitlines())
    assert (first["cursor"], second["cursor"]) == ("1-0", "2-0")
    assert first["event"]["type"] == "EVENT_TYPE_CONVERSATION_CREATED"
    assert second["event"]["message_id"] == ""
    assert ended.error["reason"] == "CURSOR_EXPIRED"


@pytest.mark.usefixtures("in_a_thread")
@pytest.mark.parametrize(
    ("lost", "cursor"),
    [
        ([STARTED, grpc.StatusCode.UNAVAILABLE], "1-0"),
        ([STARTED, HEARTBEAT, grpc.StatusCode.UNAVAILABLE], "9-0"),
        ([STARTED, TOO_SLOW], "1-0"),
    ],
    ids=["unavailable", "after-a-heartbeat", "too-slow"],
)
async def test_a_lost_watch_resumes_after_the_last_cursor(
    deployment: Deployment, lost: list[Answer], cursor: str
) -> None:
    deployment.watches = [lost, [JOINED, EXPIRED]]
    ended = await maskline(deployment.target, "watch")
    started, joined = ended.out.splitlines()
    assert "conversation-created" in started
    assert "conversation-joined" in joined
    requests = deployment.received(event_pb2.WatchEventsRequest)
    assert [request.cursor for request in requests] == ["", cursor]


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        (["--from-start"], {"start_position": event_pb2.START_POSITION_OLDEST}),
        (["--cursor", "5-0"], {"cursor": "5-0"}),
        ([], {"start_position": event_pb2.START_POSITION_NOW}),
        (
            ["--type", "conversation.ended", "--type", "masked_number.added"],
            {
                "start_position": event_pb2.START_POSITION_NOW,
                "types": [
                    event_pb2.EVENT_TYPE_CONVERSATION_ENDED,
                    event_pb2.EVENT_TYPE_MASKED_NUMBER_ADDED,
                ],
            },
        ),
    ],
)
async def test_options_set_the_start_of_a_watch(
    deployment: Deployment, typed: list[str], start: dict[str, Any]
) -> None:
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    deployment.watches = [[EXPIRED]]
    ended = await maskline(deployment.target, "watch", "--conversation", "c1", *typed)
    assert (ended.status, ended.err) == (1, "No longer kept. (CURSOR_EXPIRED)\n")
    [request] = deployment.received(event_pb2.WatchEventsRequest)
    about: dict[str, Any] = {"pool_id": "main", "conversation_id": "c1"}
    assert request == event_pb2.WatchEventsRequest(**about, **start)


async def test_a_watch_of_a_missing_pool_or_service_ends_at_once(deployment: Deployment) -> None:
    unknown = RpcStatus(grpc.StatusCode.NOT_FOUND, "POOL_NOT_FOUND", "No such pool.")
    deployment.answers("GetPool", unknown)
    assert (await maskline(deployment.target, "watch")).status == 1
    assert (await maskline(f"127.0.0.1:{free_port()}", "watch")).status == 69
    both = await maskline(deployment.target, "watch", "--from-start", "--cursor", "1-0")
    assert both.status == 2
    assert (await maskline(deployment.target, "watch", "--type", "no.such")).status == 2


def test_backoffs_grow_to_a_limit_until_the_watch_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "MAX_BACKOFF_SECONDS", 0.75)
    monkeypatch.setattr(watch_module, "MAX_FAILURES", 3)
    options = Options(f"127.0.0.1:{free_port()}", "", "main", as_json=False, timeout_seconds=30)
    client = Client(options)
    watch = Watch(client, event_pb2.WatchEventsRequest())
    assert [watch.run_once() for _ in range(3)] == [0.5, 0.75, 0.75]
    with pytest.raises(CallFailed):
        watch.run_once()
    client.close()
