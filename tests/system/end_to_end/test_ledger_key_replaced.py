"""The ledger key is replaced between two messages: send tokens of the former one stay valid."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from system.end_to_end.stack import running_stack

from devstack.stack import Stack
from messaging_service.model.send_tokens import SendTokens
from runtime.redis.client import open_redis
from support.builders.conversations import MASKED
from support.fakes.phones import CALL_SECONDS, Phone

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

ATTEMPTS = "maskline:v1:messaging:{*}:attempt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of the stack, and the file of the messaging service's former keys, which is empty."""
    folder = tmp_path_factory.mktemp("stack")
    (folder / "former_ledger_keys").touch()
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_stack(folder: Path) -> AsyncIterator[Stack]:
    former_keys = str(folder / "former_ledger_keys")
    async with running_stack(folder, MESSAGING_FORMER_LEDGER_KEYS_FILE=former_keys) as stack:
        yield stack


async def test_the_gateway_accepts_a_receipt_with_a_token_of_the_former_key_and_no_forged_one(
    stack: Stack, alice: Phone, bob: Phone, folder: Path
) -> None:
    await alice.text(MASKED, "start")
    [code] = await alice.received(1)
    await bob.text(MASKED, f"join {code.removeprefix('Maskline demo: your code is ')[:6]}")
    await bob.received(1)
    await alice.text(MASKED, "hello")
    await bob.received(2)
    key_file = folder / "data" / "keys" / "messaging_ledger_key"
    async with ledger_of(stack) as ledger:
        attempt_id = await an_attempt(ledger)
    # Redis has the id of the attempt only; the carrier has the token.
    token = SendTokens(key_file.read_text()).sign(attempt_id)

    await stack.kill("messaging_service")
    (folder / "former_ledger_keys").write_text(key_file.read_text())
    key_file.write_text("a new ledger key of this test")
    await stack.start("messaging_service")

    receipt = {"id": "mdr2-1", "type": "delivery_receipt", "status_code": 1004}
    altered = ("A" if token[0] != "A" else "B") + token[1:]
    async with httpx.AsyncClient(base_url=stack.urls.gateway_url, timeout=CALL_SECONDS) as http:
        for address, status in ((token, 200), (altered, 404), (attempt_id, 404)):
            response = await http.post(f"/api/receipt/attempt/{address}", json=receipt)
            assert response.status_code == status
    await bob.text(MASKED, "nice")
    assert (await alice.received(3))[2:] == ["nice"]


def ledger_of(stack: Stack) -> Redis:
    """The messaging service's database."""
    return open_redis(f"{stack.urls.redis_url.rpartition('/')[0]}/1")


async def an_attempt(ledger: Redis) -> str:
    """The id of an attempt."""
    keys: list[bytes] = [key async for key in ledger.scan_iter(ATTEMPTS)]
    return keys[0].decode().partition("{")[2].partition("}")[0]
