"""`maskline dead-letters replay --all` calls on until there are no more."""

import grpc
from google.rpc.status_pb2 import Status
from integration.cli.in_process import maskline
from integration.cli.scripted import DOMAIN, Deployment

from maskline.admin.v1 import dead_letter_pb2 as pb
from maskline.conversation.v1 import event_pb2
from runtime.grpc.status import RpcStatus, item_status

COMMAND = ("dead-letters", "replay", "--all", "--reason", "retries-exhausted")


def queued(number: int) -> pb.ReplayDeadLetterResult:
    return pb.ReplayDeadLetterResult(dead_letter_id=f"{number}-0", message_id=f"m{number}")


def unreadable() -> Status:
    code = grpc.StatusCode.FAILED_PRECONDITION
    return item_status(RpcStatus(code, "DEAD_LETTER_UNREADABLE", "no"), domain=DOMAIN)


async def test_all_of_a_reason_are_replayed_call_by_call(deployment: Deployment) -> None:
    deployment.answers(
        "ReplayDeadLetters",
        pb.ReplayDeadLettersResponse(results=[queued(1)], continuation_token="1-0"),
        pb.ReplayDeadLettersResponse(results=[queued(2)]),
    )
    ended = await maskline(deployment.target, *COMMAND, "--request-id", "r", "--pool", "city")
    assert ended.status == 0, ended.err
    rows = [" ".join(line.split()) for line in ended.out.splitlines()[1:]]
    assert rows == ["1-0 Queued: m1", "2-0 Queued: m2"]
    first, second = deployment.received(pb.ReplayDeadLettersRequest)
    assert (first.pool_id, first.reason) == ("city", event_pb2.DEAD_LETTER_REASON_RETRIES_EXHAUSTED)
    assert (first.request_id, first.continuation_token) == ("r-0", "")
    assert (second.request_id, second.continuation_token) == ("r-1", "1-0")


async def test_one_that_is_not_queued_is_a_failure(deployment: Deployment) -> None:
    failed = pb.ReplayDeadLetterResult(dead_letter_id="1-0", error=unreadable())
    deployment.answers(
        "ReplayDeadLetters", pb.ReplayDeadLettersResponse(results=[failed, queued(2)])
    )
    ended = await maskline(deployment.target, *COMMAND)
    assert ended.status == 1
    assert "no (DEAD_LETTER_UNREADABLE)" in ended.out


async def test_one_id_or_all_of_a_reason_must_be_given(deployment: Deployment) -> None:
    for words in ((), ("--all",), ("7-0", "--reason", "invalid"), (*COMMAND[2:], "7-0")):
        ended = await maskline(deployment.target, "dead-letters", "replay", *words)
        assert ended.status == 2, words
    assert deployment.received(pb.ReplayDeadLettersRequest) == []
