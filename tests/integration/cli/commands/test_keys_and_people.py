import pytest
from integration.cli.in_process import maskline
from integration.cli.samples import ALICE_PHONE, NOON, NOON_SHOWN
from integration.cli.scripted import Deployment

from maskline.admin.v1 import maintenance_pb2 as pb
from maskline.admin.v1 import person_pb2
from maskline_cli.commands.people import erasure

PENDING = person_pb2.Erasure(
    erasure_id="e1", state=person_pb2.ERASURE_STATE_PENDING, create_time=NOON
)
MADE = person_pb2.Erasure(
    erasure_id="e1",
    state=person_pb2.ERASURE_STATE_DONE,
    create_time=NOON,
    complete_time=NOON,
    erased_conversation_count=3,
    dropped_message_count=2,
)
SENTENCE = f"Erasure e1, done {NOON_SHOWN} XYZ: 3 ended conversations, 2 messages erased."


def keys(current: int, former: int) -> list[pb.StateKey]:
    return [
        pb.StateKey(key_id="c0ffee00", current=True, record_count=current),
        pb.StateKey(key_id="ab1e5eed", record_count=former),
    ]


def counted(
    current: int, former: int, token: str = "", unreadable: int = 0
) -> pb.ListStateKeysResponse:
    return pb.ListStateKeysResponse(
        keys=keys(current, former), unreadable_record_count=unreadable, continuation_token=token
    )


def rotated(
    current: int, former: int, token: str = "", unreadable: int = 0
) -> pb.RotateStateKeysResponse:
    return pb.RotateStateKeysResponse(
        keys=keys(current, former),
        re_encrypted_record_count=current,
        unreadable_record_count=unreadable,
        continuation_token=token,
    )


async def test_the_counts_of_all_steps_are_added(deployment: Deployment) -> None:
    deployment.answers(
        "ListStateKeys", counted(5, 1, "7"), counted(6, 0, "3", unreadable=2), counted(4, 1)
    )
    deployment.answers(
        "RotateStateKeys", rotated(5, 1, "7"), rotated(6, 0, "3", unreadable=2), rotated(4, 1)
    )
    for command in ("list", "rotate"):
        ended = await maskline(deployment.target, "keys", command)
        assert ended.status == 0, ended.err
        rows = [line.split() for line in ended.out.splitlines()[1:]]
        assert rows == [
            ["c0ffee00", "current", "15"], ["ab1e5eed", "former", "2"], ["unreadable", "2"]
        ]  # fmt: skip
    reads = deployment.received(pb.ListStateKeysRequest)
    assert [request.continuation_token for request in reads] == ["", "7", "3"]
    changes = deployment.received(pb.RotateStateKeysRequest)
    assert [request.continuation_token for request in changes] == ["", "7", "3"]
    assert len({request.request_id for request in changes}) == 3


async def test_json_has_one_response_for_all_steps(deployment: Deployment) -> None:
    deployment.answers("RotateStateKeys", rotated(5, 1, "7"), rotated(6, 0))
    ended = await maskline(deployment.target, "keys", "rotate", "--json")
    assert ended.json == {
        "keys": [
            {"key_id": "c0ffee00", "current": True, "record_count": "11"},
            {"key_id": "ab1e5eed", "current": False, "record_count": "1"},
        ],
        "re_encrypted_record_count": "11",
        "unreadable_record_count": "0",
        "continuation_token": "",
    }


async def test_the_acceptance_of_a_restore_shows_what_it_changed(deployment: Deployment) -> None:
    deployment.answers(
        "AcceptRestore",
        pb.AcceptRestoreResponse(
            ended_conversation_count=3, dropped_message_count=2, restored_opt_out_count=1
        ),
    )
    ended = await maskline(deployment.target, "restore", "accept", "--request-id", "r1")
    sentence = (
        "Restore accepted: 3 conversations ended, 2 messages dropped, 1 people opted out again."
    )
    assert (ended.status, ended.out.strip()) == (0, sentence), ended.err
    [request] = deployment.received(pb.AcceptRestoreRequest)
    assert request.request_id == "r1"


async def test_a_person_is_erased_by_a_number_from_standard_input(deployment: Deployment) -> None:
    deployment.answers("ErasePerson", person_pb2.ErasePersonResponse(erasure=MADE))
    command = ("people", "erase", "--yes", "--request-id", "r1", "-")
    ended = await maskline(deployment.target, *command, stdin=f"{ALICE_PHONE}\n")
    assert (ended.status, ended.out.strip()) == (0, SENTENCE), ended.err
    [request] = deployment.received(person_pb2.ErasePersonRequest)
    assert request == person_pb2.ErasePersonRequest(request_id="r1", phone_number=ALICE_PHONE)


async def test_nothing_is_erased_without_a_confirmation(deployment: Deployment) -> None:
    deployment.answers("ErasePerson", person_pb2.ErasePersonResponse(erasure=MADE))
    for answer in ("n\n", ""):
        ended = await maskline(deployment.target, "people", "erase", ALICE_PHONE, stdin=answer)
        assert (ended.status, ended.out.strip()) == (1, "")
        assert "Nothing was erased. Answer y, or use --yes." in ended.err
        assert ALICE_PHONE not in ended.err
    assert deployment.received(person_pb2.ErasePersonRequest) == []
    ended = await maskline(deployment.target, "people", "erase", ALICE_PHONE, stdin="y\n")
    assert (ended.status, ended.out.strip()) == (0, SENTENCE), ended.err


async def test_the_command_waits_until_all_is_erased(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "POLL_SECONDS", 0.0)
    deployment.answers("ErasePerson", person_pb2.ErasePersonResponse(erasure=PENDING))
    deployment.answers(
        "GetErasure",
        person_pb2.GetErasureResponse(erasure=PENDING),
        person_pb2.GetErasureResponse(erasure=MADE),
    )
    ended = await maskline(deployment.target, "people", "erase", "--yes", ALICE_PHONE)
    assert (ended.status, ended.out.strip()) == (0, SENTENCE), ended.err
    assert "Waiting until all is erased" in ended.err
    requests = deployment.received(person_pb2.GetErasureRequest)
    assert [request.erasure_id for request in requests] == ["e1", "e1"]


async def test_a_pending_erasure_is_shown_as_that(deployment: Deployment) -> None:
    deployment.answers("GetErasure", person_pb2.GetErasureResponse(erasure=PENDING))
    ended = await maskline(deployment.target, "people", "erasure", "e1")
    assert ended.out.startswith(f"Erasure e1, pending since {NOON_SHOWN} XYZ")
