"""The gateway asks for a token in the address: the simulator knows it, nobody else gets in."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from system.end_to_end.stack import running_stack

from devstack.stack import Stack
from support.builders.conversations import MASKED
from support.fakes.carrier_callbacks import sms
from support.fakes.phones import Phone
from support.services.cli_process import maskline

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

TOKEN = "a-token-of-the-gateway-that-is-in-use"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """With a token that only the gateway was told."""
    folder = tmp_path_factory.mktemp("stack")
    async with running_stack(folder, GATEWAY_CALLBACK_TOKENS=TOKEN) as stack:
        yield stack


async def test_a_text_comes_in_and_its_answer_goes_out_and_the_doctor_is_content(
    stack: Stack, alice: Phone
) -> None:
    await alice.text(MASKED, "start")
    assert (await alice.received(1))[0].startswith("Maskline demo: your code is ")
    async with httpx.AsyncClient(base_url=stack.urls.gateway_url) as stranger:
        assert (await stranger.post("/api/message", json=sms())).status_code == 404
    asked = {"MASKLINE_GATEWAY_URL": stack.urls.gateway_url}
    ended = await maskline(stack.urls.conversation_target, "doctor", **asked)
    assert ended.status == 0, ended.out + ended.err
