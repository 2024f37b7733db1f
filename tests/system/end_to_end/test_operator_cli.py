"""An operator runs a deployment from the command line, through all processes."""

import json
from typing import Any

import httpx
import pytest
from system.end_to_end.stack import PHONES

from devstack.stack import Stack
from support.builders.conversations import MASKED
from support.eventually import eventually
from support.fakes.phones import Phone
from support.services.cli_process import Ended, Watching, maskline, watching

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def run(stack: Stack, *typed: str, status: int = 0, stdin: str = "") -> Ended:
    """One command that ends as expected and shows nobody's number that was not typed."""
    target, gateway_url = stack.urls.conversation_target, stack.urls.gateway_url
    ended = await maskline(target, *typed, stdin=stdin, MASKLINE_GATEWAY_URL=gateway_url)
    assert ended.status == status, ended.err
    for number in PHONES:
        assert number not in ended.out + ended.err
    return ended


async def opened(stack: Stack, alice: Phone, bob: Phone, name: str = "") -> str:
    """The id of a conversation between the two."""
    options = ["--name", name] if name else []
    typed = ["conversations", "create", alice.number, bob.number, *options, "--json"]
    return str((await run(stack, *typed)).json["conversation"]["conversation_id"])


async def has_happened(stack: Stack, conversation_id: str, *kinds: str) -> None:
    """Waits until the timeline tells of all these."""

    async def told() -> bool:
        ended = await run(stack, "timeline", conversation_id, "--json")
        seen = {event["type"].removeprefix("EVENT_TYPE_") for event in ended.json["events"]}
        return seen.issuperset(kinds)

    await eventually(told)


async def test_an_operator_opens_a_conversation_speaks_into_it_and_ends_it(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    conversation_id = await opened(stack, alice, bob, "order-7")
    await alice.received(1)
    await bob.received(1)
    await run(stack, "send", conversation_id, "--as", "first", "hello Bob")
    assert (await bob.received(2))[1] == "hello Bob"
    await run(stack, "send", conversation_id, "--system", "-", stdin="Ten minutes late.\n")
    assert (await alice.received(2))[1] == "Ten minutes late."
    listed = await run(stack, "conversations", "list", "--state", "active", "--name", "order-7")
    assert conversation_id in listed.out
    await run(stack, "end", conversation_id, "--note", "tested")
    refused = await run(stack, "send", conversation_id, "--system", "gone", status=1)
    assert "CONVERSATION_ENDED" in refused.err
    shown = (await run(stack, "conversations", "show", conversation_id, "--json")).json
    assert shown["conversation"]["end_reason"] == "END_REASON_CLIENT"
    assert shown["conversation"]["end_note"] == "tested"


async def test_a_timeline_tells_what_became_of_each_text(
    stack: Stack, carrier: httpx.AsyncClient, alice: Phone, bob: Phone
) -> None:
    settings = {"handset_receipts": True}
    (await carrier.put("/simulator/settings", json=settings)).raise_for_status()
    conversation_id = await opened(stack, alice, bob)
    await bob.received(1)
    await bob.text(MASKED, "hello Alice")
    await alice.received(2)
    told = ("CONVERSATION_CREATED", "MESSAGE_RELAYED", "MESSAGE_SENT", "MESSAGE_DELIVERED")
    await has_happened(stack, conversation_id, *told)
    shown = await run(stack, "timeline", conversation_id)
    [relayed] = [line.split() for line in shown.out.splitlines() if "message-relayed" in line]
    assert "second" in relayed
    sent = await run(stack, "conversations", "messages", conversation_id)
    assert "delivered" in sent.out


async def test_a_paused_conversation_holds_what_is_said_until_it_is_resumed(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    conversation_id = await opened(stack, alice, bob)
    await bob.received(1)
    await run(stack, "conversations", "pause", conversation_id)
    held = await run(stack, "send", conversation_id, "--as", "first", "are you there?")
    assert "Held" in held.out
    await run(stack, "conversations", "resume", conversation_id)
    await has_happened(stack, conversation_id, "CONVERSATION_RESUMED")

    async def arrived() -> bool:
        return "are you there?" in [one.body for one in await bob.texts("received")]

    await eventually(arrived)


async def test_a_watch_tells_the_story_through_a_crash_of_the_service(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    async with watching(stack.urls.conversation_target, "--json", "--from-start") as watch:
        conversation_id = await opened(stack, alice, bob)
        events = await until(watch, conversation_id, "CONVERSATION_CREATED")
        await stack.kill("conversation_service")
        await stack.start("conversation_service")
        await run(stack, "send", conversation_id, "--as", "first", "hello again")
        events += await until(watch, conversation_id, "MESSAGE_RELAYED")
        assert len({one["cursor"] for one in events}) == len(events)
        assert (await watch.interrupted()).status == 0


async def until(watch: Watching, conversation_id: str, kind: str) -> list[dict[str, Any]]:
    """All events up to one of this kind and conversation."""
    events: list[dict[str, Any]] = []
    while True:
        events.append(json.loads(await watch.line()))
        event = events[-1]["event"]
        if (event["conversation_id"], event["type"]) == (conversation_id, f"EVENT_TYPE_{kind}"):
            return events


async def test_a_person_who_asks_the_operator_gets_no_more_texts(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await opened(stack, alice, bob)
    await run(stack, "people", "opt-out", "-", stdin=f"{bob.number}\n")
    shown = await run(stack, "people", "show", bob.number, "--json")
    assert shown.json["opt_out"]["opted_out"]
    refused = await run(stack, "conversations", "create", alice.number, bob.number, status=1)
    assert "PARTICIPANT_OPTED_OUT" in refused.err
    await run(stack, "people", "opt-in", bob.number)
    await opened(stack, alice, bob)


CODE_LIFETIME = ("lifecycle.join_code_lifetime=20m",)
CHANGES = ("lifecycle.max_lifetime=30d", "keywords.words.start=begin,go")


async def test_a_pool_is_made_changed_and_given_numbers(stack: Stack) -> None:
    number = "+12065550140"
    about = ("--operator-name", "City", "--contact", "help@example.org")
    await run(stack, "pools", "create", "city", *about, *CODE_LIFETIME)
    await run(stack, "numbers", "add", number, "--pool", "city")
    await run(stack, "pools", "set", "city", *CHANGES)
    shown = (await run(stack, "pools", "show", "city")).out
    settings = dict(line.split(maxsplit=1) for line in shown.splitlines())
    for typed in (*CODE_LIFETIME, *CHANGES):
        key, _, value = typed.partition("=")
        assert settings[key].strip() == value
    capacity = (await run(stack, "pools", "capacity", "city", "--json")).json["pool_capacity"]
    assert capacity["available_number_count"] == 1
    await run(stack, "numbers", "drain", number, "--pool", "city")
    assert "draining" in (await run(stack, "numbers", "list", "--pool", "city")).out
    await run(stack, "numbers", "remove", number, "--pool", "city")
    pools = (await run(stack, "pools", "list", "--json")).json["pools"]
    assert {one["pool_id"] for one in pools} == {"main", "city"}


async def test_doctor_finds_nothing_that_fails_in_a_fresh_stack(stack: Stack) -> None:
    checks = (await run(stack, "doctor", "--json")).json["checks"]
    assert {"conversation_service", "gateway"} < {one["check_id"] for one in checks}
    assert "CHECK_OUTCOME_FAILED" not in {one["outcome"] for one in checks}
