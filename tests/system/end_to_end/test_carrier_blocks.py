"""STOP to one masked number: the carrier blocks it alone, until UNSTOP is texted to it."""

import pytest

from devstack.stack import Stack
from support.builders.conversations import MASKED, OTHER_MASKED
from support.fakes.phones import Phone
from support.services.cli_process import Ended, maskline

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def opened(stack: Stack, *typed: str) -> Ended:
    """A client opens a conversation, or is refused."""
    target = stack.urls.conversation_target
    return await maskline(target, "conversations", "create", *typed, "--json")


async def test_a_stopped_number_is_avoided_until_it_is_texted_unstop(
    stack: Stack, alice: Phone, bob: Phone
) -> None:
    await alice.text(MASKED, "STOP")
    assert "UNSTOP" in (await alice.received(1))[0]
    await alice.text(OTHER_MASKED, "START")
    [_, code, told] = await alice.received(3)
    assert code.startswith("Maskline demo: your code is ")
    assert "Text UNSTOP to a number" in told
    people = (alice.number, bob.number)
    refused = await opened(stack, *people)
    assert "NO_NUMBER_AVAILABLE" in refused.err
    await alice.text(OTHER_MASKED, "END")
    await alice.received(4)
    named = await opened(stack, *people, "--number", MASKED)
    assert "MASKED_NUMBER_BLOCKED_AT_CARRIER" in named.err
    conversation = (await opened(stack, *people)).json["conversation"]
    assert conversation["masked_number"] == OTHER_MASKED
    assert (await alice.received(5))[4].startswith("Maskline demo has connected you")
    await alice.accepted(await alice.text(MASKED, "UNSTOP"))
    await alice.received(6)
    again = await opened(stack, *people, "--number", MASKED)
    assert again.json["conversation"]["masked_number"] == MASKED
    await alice.received(7)
    senders = [text.peer for text in await alice.texts("received")]
    assert senders == [MASKED, *[OTHER_MASKED] * 4, MASKED, MASKED]
