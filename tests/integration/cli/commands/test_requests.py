"""Each command asks for what was typed, and answers programs in the contract's own terms."""

import uuid
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from integration.cli.in_process import maskline
from integration.cli.samples import ALICE_PHONE, BOB_PHONE, MASKED, POOL, TALKING
from integration.cli.scripted import ScriptedDeployment

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb
from maskline.conversation.v1 import opt_out_pb2, pool_pb2

SELECTION = selection_pb.NumberSelection(
    preference=selection_pb.NUMBER_PREFERENCE_AVOID_STICKY,
    area_code_of=selection_pb.AREA_CODE_OF_SECOND_PARTICIPANT,
    allows_reserved=True,
)
OPTED_OUT = opt_out_pb2.OptOutState(is_opted_out=True, source=opt_out_pb2.OPT_OUT_SOURCE_CLIENT)
ONE = {"pool": "main", "conversation_id": "c1"}

CHANGES: list[tuple[str, Message, Message]] = [
    (
        f"pools create city --operator City --number {MASKED} "
        "code-lifetime=20m words.end=adios,fin",
        pool_pb2.CreatePoolRequest(
            name="city",
            settings=pool_pb2.PoolSettings(
                operator="City",
                code_lifetime=Duration(seconds=1200),
                words={"end": pool_pb2.CommandWords(words=["adios", "fin"])},
            ),
            masked_numbers=[MASKED],
        ),
        pool_pb2.CreatePoolResponse(pool=POOL),
    ),
    (
        "pools set city pause_policy=refuse allows_block=no lifetime=",
        pool_pb2.UpdatePoolRequest(
            pool="city",
            settings=pool_pb2.PoolSettings(
                pause_policy=pool_pb2.PAUSE_POLICY_REFUSE, allows_block=False
            ),
            update_mask=FieldMask(paths=["pause_policy", "allows_block", "lifetime"]),
        ),
        pool_pb2.UpdatePoolResponse(pool=POOL),
    ),
    (
        f"numbers add {MASKED} --reserved --pool city",
        pool_pb2.AddNumberRequest(pool="city", masked_number=MASKED, is_reserved=True),
        pool_pb2.AddNumberResponse(pool=POOL),
    ),
    (
        f"numbers drain {MASKED}",
        pool_pb2.DrainNumberRequest(pool="main", masked_number=MASKED),
        pool_pb2.DrainNumberResponse(pool=POOL),
    ),
    (
        f"numbers remove {MASKED}",
        pool_pb2.RemoveNumberRequest(pool="main", masked_number=MASKED),
        pool_pb2.RemoveNumberResponse(pool=POOL),
    ),
    (
        f"conversations start {ALICE_PHONE} --number {MASKED} --name order-7",
        pb.StartConversationRequest(
            pool="main",
            phone_number=ALICE_PHONE,
            masked_number=MASKED,
            unique_name="order-7",
            selection=selection_pb.NumberSelection(),
        ),
        pb.StartConversationResponse(conversation=TALKING, code="K7QP2M"),
    ),
    (
        f"conversations open {ALICE_PHONE} {BOB_PHONE} --silent "
        "--sticky avoid --area-code-of second --allow-reserved",
        pb.OpenConversationRequest(
            pool="main",
            phone_numbers=[ALICE_PHONE, BOB_PHONE],
            selection=SELECTION,
            is_silent=True,
        ),
        pb.OpenConversationResponse(conversation=TALKING),
    ),
    (
        f"conversations join K7QP2M {BOB_PHONE}",
        pb.JoinConversationRequest(pool="main", code="K7QP2M", phone_number=BOB_PHONE),
        pb.JoinConversationResponse(conversation=TALKING),
    ),
    (
        "conversations pause c1",
        pb.PauseConversationRequest(**ONE),
        pb.PauseConversationResponse(conversation=TALKING),
    ),
    (
        "conversations resume c1",
        pb.ResumeConversationRequest(**ONE),
        pb.ResumeConversationResponse(conversation=TALKING),
    ),
    (
        "conversations reopen c1",
        pb.ReopenConversationRequest(**ONE),
        pb.ReopenConversationResponse(conversation=TALKING),
    ),
    (
        "send c1 --as second hello",
        pb.SendMessageRequest(
            pool="main", conversation_id="c1", participant_id="p-bob", body="hello"
        ),
        pb.SendMessageResponse(message_ids=["m1"]),
    ),
    (
        "send c1 --system -- --json",
        pb.SendMessageRequest(pool="main", conversation_id="c1", system=True, body="--json"),
        pb.SendMessageResponse(message_ids=["m1", "m2"]),
    ),
    (
        "end c1 --as p-alice --note unkind",
        pb.EndConversationRequest(**ONE, participant_id="p-alice", note="unkind"),
        pb.EndConversationResponse(conversation=TALKING),
    ),
    (
        f"opt-outs add {ALICE_PHONE}",
        opt_out_pb2.OptOutRequest(phone_number=ALICE_PHONE),
        opt_out_pb2.OptOutResponse(state=OPTED_OUT),
    ),
    (
        f"opt-outs remove {ALICE_PHONE}",
        opt_out_pb2.OptInRequest(phone_number=ALICE_PHONE),
        opt_out_pb2.OptInResponse(state=opt_out_pb2.OptOutState()),
    ),
]
READS: list[tuple[str, Message, Message]] = [
    (
        "pools show city",
        pool_pb2.GetPoolRequest(pool="city"),
        pool_pb2.GetPoolResponse(pool=POOL),
    ),
    (
        "pools advice city",
        pool_pb2.GetPoolAdviceRequest(pool="city"),
        pool_pb2.GetPoolAdviceResponse(available_numbers=2, needed_numbers=3),
    ),
    (
        "pools sync city",
        pool_pb2.SyncNumbersRequest(pool="city"),
        pool_pb2.SyncNumbersResponse(in_no_pool=[MASKED]),
    ),
    (
        "conversations show c1",
        pb.GetConversationRequest(**ONE),
        pb.GetConversationResponse(conversation=TALKING),
    ),
    (
        f"opt-outs get {ALICE_PHONE}",
        opt_out_pb2.GetOptOutRequest(phone_number=ALICE_PHONE),
        opt_out_pb2.GetOptOutResponse(state=OPTED_OUT),
    ),
]


# Commands of one word; all others have two.
SHORT = ("send", "end")


def by_command(rows: list[tuple[str, Message, Message]]) -> list[Any]:
    """Rows named by what is typed, numbers left out."""
    return [pytest.param(*row, id="-".join(_command(row[0].split()))) for row in rows]


def _command(words: list[str]) -> list[str]:
    return words[: 1 if words[0] in SHORT else 2]


def with_options(typed: str, *options: str) -> list[str]:
    """What is typed, with options right behind the command."""
    words = typed.split()
    command = _command(words)
    return [*command, *options, *words[len(command) :]]


def script(deployment: ScriptedDeployment, request: Message, response: Message) -> None:
    """Everything that the command will call for."""
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    deployment.answers(type(request).__name__.removesuffix("Request"), response)


@pytest.mark.parametrize(("typed", "expected", "response"), by_command(CHANGES))
async def test_a_change_is_asked_for_as_typed_under_the_request_id_chosen(
    deployment: ScriptedDeployment, typed: str, expected: Message, response: Message
) -> None:
    script(deployment, expected, response)
    options = with_options(typed, "--json", "--request-id", "r1")
    ended = await maskline(deployment.target, *options)
    assert ended.status == 0, ended.err
    assert ended.err == ""
    asked = type(expected)()
    asked.CopyFrom(expected)
    # A Message of whichever kind: every change has this field.
    asked.request_id = "r1"  # type: ignore[attr-defined]
    assert deployment.asked(type(expected)) == [asked]
    assert json_format.ParseDict(ended.json, type(response)()) == response


@pytest.mark.parametrize(("typed", "expected", "response"), by_command(CHANGES))
async def test_a_change_without_a_request_id_gets_a_new_uuid_and_is_told_to_people(
    deployment: ScriptedDeployment, typed: str, expected: Message, response: Message
) -> None:
    script(deployment, expected, response)
    ended = await maskline(deployment.target, *typed.split())
    assert ended.status == 0, ended.err
    assert ended.out.strip()
    [asked] = deployment.asked(type(expected))
    # A Message of whichever kind: every change has this field.
    assert uuid.UUID(asked.request_id).version == 4  # type: ignore[attr-defined]


@pytest.mark.parametrize(("typed", "expected", "response"), by_command(READS))
async def test_a_question_is_asked_as_typed_and_answered_in_the_contracts_terms(
    deployment: ScriptedDeployment, typed: str, expected: Message, response: Message
) -> None:
    script(deployment, expected, response)
    ended = await maskline(deployment.target, "--json", *typed.split())
    assert ended.status == 0, ended.err
    assert deployment.asked(type(expected)) == [expected]
    assert json_format.ParseDict(ended.json, type(response)()) == response
    assert (await maskline(deployment.target, *typed.split())).out.strip()


async def test_json_writes_out_defaults_under_the_contracts_names_and_times_in_utc(
    deployment: ScriptedDeployment,
) -> None:
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    ended = await maskline(deployment.target, "conversations", "show", "c1", "--json")
    shown = ended.json["conversation"]
    assert shown["unique_name"] == ""
    assert shown["end_reason"] == "END_REASON_UNSPECIFIED"
    assert shown["create_time"] == "2026-03-01T12:00:05Z"
    assert "end_time" not in shown


async def test_one_word_of_a_pool_is_changed_without_losing_the_others(
    deployment: ScriptedDeployment,
) -> None:
    words = {"end": pool_pb2.CommandWords(words=["fin"])}
    settings = pool_pb2.PoolSettings(words=words, texts={"help": "Call us."})
    present = pool_pb2.Pool(name="main", settings=settings)
    deployment.answers("GetPool", pool_pb2.GetPoolResponse(pool=present))
    deployment.answers("UpdatePool", pool_pb2.UpdatePoolResponse(pool=present))
    ended = await maskline(deployment.target, "pools", "set", "main", "words.start=go, begin")
    assert ended.status == 0, ended.err
    [asked] = deployment.asked(pool_pb2.UpdatePoolRequest)
    assert list(asked.update_mask.paths) == ["words"]
    kept = {kind: list(command.words) for kind, command in asked.settings.words.items()}
    assert kept == {"end": ["fin"], "start": ["go", "begin"]}


async def test_a_number_and_words_can_come_from_standard_input(
    deployment: ScriptedDeployment,
) -> None:
    script(deployment, opt_out_pb2.OptOutRequest(), opt_out_pb2.OptOutResponse())
    await maskline(deployment.target, "opt-outs", "add", "-", stdin="+1 (425) 555-0111\n")
    assert deployment.asked(opt_out_pb2.OptOutRequest)[0].phone_number == ALICE_PHONE
    script(deployment, pb.SendMessageRequest(), pb.SendMessageResponse())
    await maskline(deployment.target, "send", "c1", "--system", "-", stdin="two\nlines\n")
    assert deployment.asked(pb.SendMessageRequest)[0].body == "two\nlines"


async def test_words_are_for_one_speaker(deployment: ScriptedDeployment) -> None:
    for speaker in ([], ["--system", "--as", "first"]):
        ended = await maskline(deployment.target, "send", "c1", "hello", *speaker)
        assert ended.status == 2
        assert "--as or --system" in ended.err
    assert deployment.requests == []


async def test_nobody_speaks_for_a_second_participant_who_has_not_joined(
    deployment: ScriptedDeployment,
) -> None:
    waiting = pb.Conversation(conversation_id="c1", participants=TALKING.participants[:1])
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=waiting))
    ended = await maskline(deployment.target, "send", "c1", "hello", "--as", "second")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == "The conversation has no second participant yet.\n"
