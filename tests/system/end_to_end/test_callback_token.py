"""The gateway asks for a token in the address: the simulator knows it, nobody else gets in."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from system.end_to_end.conftest import running_stack
from integration.cli.command import maskline

from devstack.stack import Stack
from support.carrier_callbacks import sms
from support.conversations import MASKED
from support.phones import Phone

TOKEN = "a-token-of-the-gateway-that-is-in-use"


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """With a token that only the gateway was told."""
    async with running_stack(tmp_path, GATEWAY_CALLBACK_TOKENS=TOKEN) as one:
        yield one


async def test_a_text_comes_in_and_its_answer_goes_out_and_the_doctor_is_content(
    stack: Stack, alice: Phone
) -> None:
    await alice.text(MASKED, "start")
    assert (await alice.received(1))[0].startswith("Your code is ")
    async with httpx.AsyncClient(base_url=stack.urls.gateway_url) as stranger:
        assert (await stranger.post("/api/message", json=sms())).status_code == 404
    asked = {"MASKLINE_GATEWAY_URL": stack.urls.gateway_url}
    ended = await maskline(stack.urls.conversation_target, "doctor", **asked)
    assert ended.status == 0, ended.out + ended.err
