"""`maskline watch` misses nothing, repeats nothing, and ends when it is told to."""

import json

import grpc
import pytest
from integration.cli.command import maskline, watching
from integration.cli.samples import NOON_SHOWN, POOL, TALKING, watched
from integration.cli.scripted import Answer, ScriptedDeployment

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2, pool_pb2
from maskline_cli.commands.watch import Watch
from maskline_cli.connection.client import CallFailed, Client
from maskline_cli.connection.options import Options
from runtime.grpc.status import RpcStatus
from support.ports import free_port

STARTED = watched(1, event_pb2.EVENT_TYPE_CONVERSATION_STARTED, description="It begins.")
JOINED = watched(2, event_pb2.EVENT_TYPE_CONVERSATION_JOINED, participant_id="p-bob")
HEARTBEAT = pb.WatchEventsResponse(cursor="9-0", is_heartbeat=True)
TOO_SLOW = RpcStatus(grpc.StatusCode.RESOURCE_EXHAUSTED, "WATCHER_TOO_SLOW", "Too slow.")
EXPIRED = RpcStatus(grpc.StatusCode.OUT_OF_RANGE, "CURSOR_EXPIRED", "No longer kept.")


@pytest.fixture(autouse=True)
def pool(deployment: ScriptedDeployment) -> None:
    """The pool that is watched is there."""
    deployment.answers("GetPool", pool_pb2.GetPoolResponse(pool=POOL))


async def test_events_are_told_line_by_line_until_ctrl_c(deployment: ScriptedDeployment) -> None:
    deployment.watches = [[STARTED, HEARTBEAT, JOINED]]
    async with watching(deployment.target) as watch:
        line = await watch.line()
        assert line == f"{NOON_SHOWN} XYZ  conversation-started  c1  p-alice  It begins.\n"
        assert "conversation-joined" in await watch.line()
        ended = await watch.interrupted()
    assert (ended.status, ended.out) == (0, "")
    assert "--cursor 2-0" in ended.err


async def test_programs_get_one_json_object_a_line_with_its_cursor(
    deployment: ScriptedDeployment,
) -> None:
    deployment.watches = [[STARTED, HEARTBEAT, JOINED]]
    async with watching(deployment.target, "--json") as watch:
        first, second = json.loads(await watch.line()), json.loads(await watch.line())
        ended = await watch.interrupted()
    assert (first["cursor"], second["cursor"]) == ("1-0", "2-0")
    assert first["event"]["type"] == "EVENT_TYPE_CONVERSATION_STARTED"
    assert second["event"]["message_id"] == ""
    assert (ended.status, ended.out, ended.err) == (0, "", "")


@pytest.mark.parametrize(
    ("lost", "cursor"),
    [
        ([STARTED, grpc.StatusCode.UNAVAILABLE], "1-0"),
        ([STARTED, HEARTBEAT, grpc.StatusCode.UNAVAILABLE], "9-0"),
        ([STARTED, TOO_SLOW], "1-0"),
    ],
    ids=["unavailable", "after-a-heartbeat", "too-slow"],
)
async def test_a_lost_watch_goes_on_behind_the_last_cursor(
    deployment: ScriptedDeployment, lost: list[Answer], cursor: str
) -> None:
    deployment.watches = [lost, [JOINED]]
    async with watching(deployment.target) as watch:
        assert "conversation-started" in await watch.line()
        assert "conversation-joined" in await watch.line()
        assert (await watch.interrupted()).status == 0
    assert [one.cursor for one in deployment.asked(pb.WatchEventsRequest)] == ["", cursor]


@pytest.mark.parametrize(
    ("typed", "cursor"), [(["--from-start"], "0"), (["--cursor", "5-0"], "5-0"), ([], "")]
)
async def test_a_watch_begins_where_it_is_told_to(
    deployment: ScriptedDeployment, typed: list[str], cursor: str
) -> None:
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    deployment.watches = [[STARTED]]
    async with watching(deployment.target, "--conversation", "c1", *typed) as watch:
        await watch.line()
        await watch.interrupted()
    [asked] = deployment.asked(pb.WatchEventsRequest)
    assert (asked.pool, asked.conversation_id, asked.cursor) == ("main", "c1", cursor)


async def test_a_watch_that_cannot_be_resumed_says_why_and_ends(
    deployment: ScriptedDeployment,
) -> None:
    deployment.watches = [[EXPIRED]]
    ended = await maskline(deployment.target, "watch", "--cursor", "1-0")
    assert (ended.status, ended.err) == (1, "No longer kept. (CURSOR_EXPIRED)\n")


async def test_a_watch_of_what_is_not_there_ends_at_once(deployment: ScriptedDeployment) -> None:
    unknown = RpcStatus(grpc.StatusCode.NOT_FOUND, "POOL_NOT_FOUND", "No such pool.")
    deployment.answers("GetPool", unknown)
    assert (await maskline(deployment.target, "watch")).status == 1
    assert (await maskline(f"127.0.0.1:{free_port()}", "watch")).status == 69
    both = await maskline(deployment.target, "watch", "--from-start", "--cursor", "1-0")
    assert both.status == 2


async def test_a_reader_that_has_enough_ends_a_watch_without_a_word(
    deployment: ScriptedDeployment,
) -> None:
    deployment.watches = [[STARTED] * 10_000]
    async with watching(deployment.target) as watch:
        await watch.line()
        watch.stop_reading()
        ended = await watch.ended()
    assert (ended.status, ended.err) == (1, "")


def test_pauses_grow_to_a_bound_and_a_service_that_stays_away_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maskline_cli.commands.watch.LONGEST_PAUSE_SECONDS", 0.75)
    monkeypatch.setattr("maskline_cli.commands.watch.MOST_FAILURES", 3)
    options = Options(f"127.0.0.1:{free_port()}", "", "main", as_json=False, timeout_seconds=30)
    client = Client(options)
    watch = Watch(client, "", "")
    assert [watch.run_once() for _ in range(3)] == [0.5, 0.75, 0.75]
    with pytest.raises(CallFailed):
        watch.run_once()
    client.close()
