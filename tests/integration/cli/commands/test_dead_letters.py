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
    requests = deployment.received(pb.ListDeadLettersRequest)
    assert [(request.pool, request.page_token) for request in requests] == [
        ("city", ""),
        ("city", "7-0"),
    ]


async def test_json_is_in_the_contracts_form(deployment: ScriptedDeployment) -> None:
    response = pb.ListDeadLettersResponse(dead_letters=[LETTER])
    deployment.answers("ListDeadLetters", response)
    ended = await maskline(deployment.target, "dead", "list", "--json")
    assert ended.json["is_complete"] is True
    [letter] = ended.json["dead_letters"]
    assert json_format.ParseDict(letter, pb.DeadLetter()) == LETTER


@pytest.mark.parametrize(("command", "request_", "response", "sentence"), CHANGES)
async def test_a_change_sends_its_arguments_and_the_chosen_request_id(
    deployment: ScriptedDeployment,
    command: str,
    request_: Message,
    response: Message,
    sentence: str,
) -> None:
    deployment.answers(f"{command.capitalize()}DeadLetter", response)
    typed = ("dead", command, "7-0", "--pool", "city", "--request-id", "r1")
    ended = await maskline(deployment.target, *typed)
    assert (ended.status, ended.out.strip()) == (0, sentence)
    ended = await maskline(deployment.target, *typed, "--json")
    assert json_format.ParseDict(ended.json, type(response)()) == response
    assert deployment.received(type(request_)) == [request_] * 2
    await maskline(deployment.target, "dead", command, "7-0")
    last_request = deployment.received(type(request_))[-1]
    # A Message of whichever kind: every change has this field.
    assert uuid.UUID(last_request.request_id).version == 4  # type: ignore[attr-defined]


async def test_a_missing_dead_letter_is_refused(deployment: ScriptedDeployment) -> None:
    refusal = RpcStatus(
        grpc.StatusCode.NOT_FOUND, "DEAD_LETTER_NOT_FOUND", "not kept", {"dead_letter_id": "7-0"}
    )
    deployment.answers("DropDeadLetter", refusal)
    ended = await maskline(deployment.target, "dead", "drop", "7-0", "--json")
    assert (ended.status, ended.out) == (1, "")
    assert ended.error["reason"] == "DEAD_LETTER_NOT_FOUND"
