"""Each command sends its arguments and prints the response in the contract's form."""

import uuid
from typing import Any, cast

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from integration.cli.commands.request_cases import CHANGES, READS, SENTENCES, Case
from integration.cli.in_process import maskline
from integration.cli.samples import ALICE_PHONE, TALKING
from integration.cli.scripted import Deployment

from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2

# Commands of one word; all others have two.
SHORT = ("send", "end")


def by_command(rows: list[Case]) -> list[Any]:
    """Cases named by command, without phone numbers."""
    return [pytest.param(*row, id="-".join(_command(row[0].split()))) for row in rows]


def _command(words: list[str]) -> list[str]:
    return words[: 1 if words[0] in SHORT else 2]


def with_options(typed: str, *options: str) -> list[str]:
    words = typed.split()
    command = _command(words)
    return [*command, *options, *words[len(command) :]]


def script(deployment: Deployment, request: Message, response: Message) -> None:
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    deployment.answers(type(request).__name__.removesuffix("Request"), response)


@pytest.mark.parametrize(("typed", "expected", "response"), by_command(CHANGES))
async def test_a_change_sends_its_arguments_and_the_chosen_or_a_new_request_id(
    deployment: Deployment, typed: str, expected: Message, response: Message
) -> None:
    script(deployment, expected, response)
    chosen = await maskline(deployment.target, *with_options(typed, "--json", "--request-id", "r1"))
    assert (chosen.status, chosen.err) == (0, "")
    assert json_format.ParseDict(chosen.json, type(response)()) == response
    ended = await maskline(deployment.target, *typed.split())
    assert ended.status == 0, ended.err
    assert SENTENCES.get(typed, "") in ended.out
    assert ended.out.strip()
    # Messages of whichever kind: every change has this field.
    first, second = (cast("Any", request) for request in deployment.received(type(expected)))
    assert (first.request_id, uuid.UUID(second.request_id).version) == ("r1", 4)
    for request in (first, second):
        request.ClearField("request_id")
        assert request == expected


@pytest.mark.parametrize(("typed", "expected", "response"), by_command(READS))
async def test_a_query_sends_its_arguments_and_prints_the_response(
    deployment: Deployment, typed: str, expected: Message, response: Message
) -> None:
    script(deployment, expected, response)
    ended = await maskline(deployment.target, "--json", *typed.split())
    assert ended.status == 0, ended.err
    assert deployment.received(type(expected)) == [expected]
    assert json_format.ParseDict(ended.json, type(response)()) == response
    assert (await maskline(deployment.target, *typed.split())).out.strip()


async def test_json_has_the_contracts_names_and_times_in_utc(deployment: Deployment) -> None:
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    ended = await maskline(deployment.target, "conversations", "show", "c1", "--json")
    shown = ended.json["conversation"]
    assert shown["unique_name"] == ""
    assert shown["end_reason"] == "END_REASON_UNSPECIFIED"
    assert shown["create_time"] == "2026-03-01T12:00:05Z"
    assert "end_time" not in shown


async def test_a_change_of_a_pool_sends_only_what_changes_and_the_etag_that_was_read(
    deployment: Deployment,
) -> None:
    settings = pool_pb2.PoolSettings(operator_name="City", templates={"help": "Call us."})
    present = pool_pb2.Pool(pool_id="main", settings=settings, etag="read")
    deployment.answers("GetPool", pool_pb2.GetPoolResponse(pool=present))
    deployment.answers("UpdatePool", pool_pb2.UpdatePoolResponse(pool=present))
    ended = await maskline(
        deployment.target, "pools", "set", "main", "keywords.words.start=go, begin"
    )
    assert ended.status == 0, ended.err
    [request] = deployment.received(pool_pb2.UpdatePoolRequest)
    assert list(request.update_mask.paths) == ["settings.keywords.words.start"]
    words = {"start": pool_pb2.KeywordWords(words=["go", "begin"])}
    changed = pool_pb2.PoolSettings(keywords=pool_pb2.KeywordSettings(words=words))
    assert request.pool == pool_pb2.Pool(pool_id="main", settings=changed, etag="read")


async def test_a_number_and_a_body_can_come_from_standard_input(deployment: Deployment) -> None:
    script(deployment, person_pb2.OptOutPersonRequest(), person_pb2.OptOutPersonResponse())
    await maskline(deployment.target, "people", "opt-out", "-", stdin="+1 (425) 555-0111\n")
    assert deployment.received(person_pb2.OptOutPersonRequest)[0].phone_number == ALICE_PHONE
    script(deployment, message_pb2.SendMessageRequest(), message_pb2.SendMessageResponse())
    await maskline(deployment.target, "send", "c1", "--system", "-", stdin="two\nlines\n")
    assert deployment.received(message_pb2.SendMessageRequest)[0].body == "two\nlines"


async def test_an_update_needs_something_to_change(deployment: Deployment) -> None:
    for options in ([], ["--label", "ride"], ["--max-end-time", "noon"]):
        ended = await maskline(deployment.target, "conversations", "update", "c1", *options)
        assert (ended.status, deployment.requests) == (2, [])


async def test_a_message_needs_either_a_participant_or_system(deployment: Deployment) -> None:
    for speaker in ([], ["--system", "--as", "first"]):
        ended = await maskline(deployment.target, "send", "c1", "hello", *speaker)
        assert ended.status == 2
        assert "--as or --system" in ended.err
    assert deployment.requests == []


async def test_a_message_for_a_missing_participant_is_refused(deployment: Deployment) -> None:
    waiting = pb.Conversation(conversation_id="c1", participants=TALKING.participants[:1])
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=waiting))
    ended = await maskline(deployment.target, "send", "c1", "hello", "--as", "second")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == "The conversation has no second participant yet.\n"
