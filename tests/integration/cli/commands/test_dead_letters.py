"""Dead letters on the command line: listed, replayed, dropped."""

import uuid

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from integration.cli.in_process import maskline
from integration.cli.samples import NOON, NOON_SHOWN
from integration.cli.scripted import ScriptedDeployment

from maskline.conversation.v1 import dead_letter_pb2 as pb
from runtime.grpc.status import RpcStatus

LETTER = pb.DeadLetter(
    dead_letter_id="7-0",
    message_id="m1",
    conversation_id="c1",
    reason=pb.DEAD_LETTER_REASON_RETRIES_EXHAUSTED,
    accept_time=NOON,
    death_time=NOON,
)
CHANGES: list[tuple[str, Message, Message, str]] = [
    (
        "replay",
        pb.ReplayDeadLetterRequest(request_id="r1", pool="city", dead_letter_id="7-0"),
        pb.ReplayDeadLetterResponse(message_id="m1"),
        "Queued: m1",
    ),
    (
        "drop",
        pb.DropDeadLetterRequest(request_id="r1", pool="city", dead_letter_id="7-0"),
        pb.DropDeadLetterResponse(),
        "Dropped: 7-0",
    ),
]


async def test_dead_letters_are_listed_with_their_reasons(deployment: ScriptedDeployment) -> None:
    unreadable = pb.DeadLetter(
        dead_letter_id="8-0", reason=pb.DEAD_LETTER_REASON_UNREADABLE, death_time=NOON
    )
    pages = (
        pb.ListDeadLettersResponse(dead_letters=[LETTER], next_page_token="7-0"),
        pb.ListDeadLettersResponse(dead_letters=[unreadable]),
    )
    deployment.answers("ListDeadLetters", *pages)
    ended = await maskline(deployment.target, "dead", "list", "--pool", "city")
    assert ended.status == 0, ended.err
    _, first, second = (" ".join(line.split()) for line in ended.out.splitlines())
    at = f"{NOON_SHOWN} XYZ"
    assert first == f"7-0 retries-exhausted {at} {at} m1 c1"
    assert second == f"8-0 unreadable {at}"
    asked = deployment.asked(pb.ListDeadLettersRequest)
    assert [(one.pool, one.page_token) for one in asked] == [("city", ""), ("city", "7-0")]


async def test_programs_read_the_contracts_own_terms(deployment: ScriptedDeployment) -> None:
    response = pb.ListDeadLettersResponse(dead_letters=[LETTER])
    deployment.answers("ListDeadLetters", response)
    ended = await maskline(deployment.target, "dead", "list", "--json")
    assert ended.json["is_complete"] is True
    [shown] = ended.json["dead_letters"]
    assert json_format.ParseDict(shown, pb.DeadLetter()) == LETTER


@pytest.mark.parametrize(("command", "request_", "response", "told"), CHANGES)
async def test_a_change_is_asked_for_as_typed_under_the_request_id_chosen(
    deployment: ScriptedDeployment, command: str, request_: Message, response: Message, told: str
) -> None:
    deployment.answers(f"{command.capitalize()}DeadLetter", response)
    typed = ("dead", command, "7-0", "--pool", "city", "--request-id", "r1")
    ended = await maskline(deployment.target, *typed)
    assert (ended.status, ended.out.strip()) == (0, told)
    ended = await maskline(deployment.target, *typed, "--json")
    assert json_format.ParseDict(ended.json, type(response)()) == response
    assert deployment.asked(type(request_)) == [request_] * 2
    await maskline(deployment.target, "dead", command, "7-0")
    chosen = deployment.asked(type(request_))[-1]
    # A Message of whichever kind: every change has this field.
    assert uuid.UUID(chosen.request_id).version == 4  # type: ignore[attr-defined]


async def test_a_dead_letter_that_is_not_there_is_refused(deployment: ScriptedDeployment) -> None:
    refusal = RpcStatus(
        grpc.StatusCode.NOT_FOUND, "DEAD_LETTER_NOT_FOUND", "not kept", {"dead_letter_id": "7-0"}
    )
    deployment.answers("DropDeadLetter", refusal)
    ended = await maskline(deployment.target, "dead", "drop", "7-0", "--json")
    assert (ended.status, ended.out) == (1, "")
    assert ended.error["reason"] == "DEAD_LETTER_NOT_FOUND"
