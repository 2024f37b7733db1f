"""Erasing a person on the command line."""

from integration.cli.in_process import maskline
from integration.cli.samples import ALICE_PHONE, NOON, NOON_SHOWN
from integration.cli.scripted import Deployment

from maskline.conversation.v1 import person_pb2 as pb

MADE = pb.Erasure(erasure_id="e1", erase_time=NOON, erased_conversations=3, dropped_texts=2)
SENTENCE = f"Erasure e1, {NOON_SHOWN} XYZ: 3 ended conversations, 2 messages erased."


async def test_a_person_is_erased_by_a_number_from_standard_input(deployment: Deployment) -> None:
    deployment.answers("ErasePerson", pb.ErasePersonResponse(erasure=MADE))
    command = ("people", "erase", "--yes", "--request-id", "r1", "-")
    ended = await maskline(deployment.target, *command, stdin=f"{ALICE_PHONE}\n")
    assert (ended.status, ended.out.strip()) == (0, SENTENCE), ended.err
    [request] = deployment.received(pb.ErasePersonRequest)
    assert request == pb.ErasePersonRequest(request_id="r1", phone_number=ALICE_PHONE)


async def test_nothing_is_erased_without_a_confirmation(deployment: Deployment) -> None:
    deployment.answers("ErasePerson", pb.ErasePersonResponse(erasure=MADE))
    for answer in ("n\n", ""):
        ended = await maskline(deployment.target, "people", "erase", ALICE_PHONE, stdin=answer)
        assert (ended.status, ended.out.strip()) == (1, "")
        assert "Nothing was erased. Answer y, or use --yes." in ended.err
        assert ALICE_PHONE not in ended.err
    assert deployment.received(pb.ErasePersonRequest) == []
    ended = await maskline(deployment.target, "people", "erase", ALICE_PHONE, stdin="y\n")
    assert (ended.status, ended.out.strip()) == (0, SENTENCE), ended.err
