import pytest
from integration.cli.in_process import maskline
from integration.cli.samples import ALICE_PHONE, NOON, NOON_SHOWN
from integration.cli.scripted import Deployment

from maskline.admin.v1 import maintenance_pb2 as pb
from maskline.admin.v1 import person_pb2

MADE = person_pb2.Erasure(erasure_id="e1", erase_time=NOON, erased_conversations=3, dropped_texts=2)
SENTENCE = f"Erasure e1, {NOON_SHOWN} XYZ: 3 ended conversations, 2 messages erased."


def step(
    current: int, former: int, token: str = "", unreadable: int = 0
) -> pb.RotateStateKeysResponse:
    return pb.RotateStateKeysResponse(
        keys=[
            pb.StateKey(key_id="c0ffee00", is_current=True, records=current),
            pb.StateKey(key_id="ab1e5eed", records=former),
        ],
        resealed_records=current,
        unreadable_records=unreadable,
        next_page_token=token,
    )


@pytest.mark.parametrize(("command", "only_count"), [("status", True), ("rotate", False)])
async def test_the_counts_of_all_steps_are_added(
    deployment: Deployment, command: str, only_count: bool
) -> None:
    deployment.answers(
        "RotateStateKeys", step(5, 1, "7"), step(6, 0, "3", unreadable=2), step(4, 1)
    )
    ended = await maskline(deployment.target, "keys", command)
    assert ended.status == 0, ended.err
    rows = [line.split() for line in ended.out.splitlines()[1:]]
    assert rows == [["c0ffee00", "current", "15"], ["ab1e5eed", "former", "2"], ["unreadable", "2"]]
    requests = deployment.received(pb.RotateStateKeysRequest)
    assert [request.page_token for request in requests] == ["", "7", "3"]
    assert {request.only_count for request in requests} == {only_count}
    assert len({request.request_id for request in requests}) == 3


async def test_json_has_one_response_for_all_steps(deployment: Deployment) -> None:
    deployment.answers("RotateStateKeys", step(5, 1, "7"), step(6, 0))
    ended = await maskline(deployment.target, "keys", "rotate", "--json")
    assert ended.json == {
        "keys": [
            {"key_id": "c0ffee00", "is_current": True, "records": "11"},
            {"key_id": "ab1e5eed", "is_current": False, "records": "1"},
        ],
        "resealed_records": "11",
        "unreadable_records": "0",
        "next_page_token": "",
    }


async def test_the_acceptance_of_a_restore_shows_what_it_changed(deployment: Deployment) -> None:
    deployment.answers(
        "AcceptRestore",
        pb.AcceptRestoreResponse(ended_conversations=3, dropped_texts=2, restored_opt_outs=1),
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
