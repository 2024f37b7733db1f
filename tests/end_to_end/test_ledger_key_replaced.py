"""The ledger key is replaced between two texts: what the carrier was told before still works."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from end_to_end.conftest import PARTS
from redis.asyncio import Redis

from devstack.ports import Ports
from devstack.stack import Stack
from messaging_service.model.send_tokens import SendTokens
from runtime.redis.client import open_redis
from support.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED
from support.phones import Phone
from support.ports import free_port

CALL_SECONDS = 10.0
ATTEMPTS = "maskline:v1:messaging:{*}:attempt"


@pytest.fixture
def former_keys(tmp_path: Path) -> Path:
    """Where the messaging service finds its former keys; none yet."""
    path = tmp_path / "former_ledger_keys"
    path.write_text("")
    return path


@pytest.fixture
async def stack(tmp_path: Path, former_keys: Path) -> AsyncIterator[Stack]:
    """Everything runs, and knows where former keys would be."""
    ports = Ports(**{part: free_port() for part in PARTS})
    environment = {
        "SIMULATOR_PHONES": f"{ALICE_NUMBER},{BOB_NUMBER}",
        "MESSAGING_FORMER_LEDGER_KEYS_FILE": str(former_keys),
    }
    async with Stack(ports, tmp_path / "data", environment=environment, restart=False) as one:
        yield one


async def test_a_receipt_of_the_former_key_is_taken_at_the_gateway_and_a_forged_one_is_not(
    stack: Stack, carrier: httpx.AsyncClient, alice: Phone, bob: Phone, former_keys: Path
) -> None:
    await alice.text(MASKED, "start")
    [code] = await alice.received(1)
    await bob.text(MASKED, f"join {code.removeprefix('Your code is ')[:6]}")
    await bob.received(1)
    await alice.text(MASKED, "hello")
    await bob.received(2)
    current_key = former_keys.parent / "data" / "keys" / "messaging_ledger_key"
    async with ledger_of(stack) as ledger:
        name = await an_attempt(ledger)
    # As the carrier was told it: Redis has the name only.
    token = SendTokens(current_key.read_text()).sign(name)

    await stack.kill("messaging_service")
    replace_key(current_key, former_keys)
    await stack.start("messaging_service")

    receipt = {"id": "mdr2-1", "type": "delivery_receipt", "status_code": 1004}
    altered = ("A" if token[0] != "A" else "B") + token[1:]
    async with httpx.AsyncClient(base_url=stack.urls.gateway_url, timeout=CALL_SECONDS) as edge:
        taken = await edge.post(f"/api/receipt/{token}", json=receipt)
        forged = await edge.post(f"/api/receipt/{altered}", json=receipt)
        unsigned = await edge.post(f"/api/receipt/{name}", json=receipt)
    assert (taken.status_code, forged.status_code, unsigned.status_code) == (200, 404, 404)
    # And people go on talking.
    await bob.text(MASKED, "nice")
    assert (await alice.received(3))[2:] == ["nice"]


def replace_key(current: Path, former: Path) -> None:
    """Another key is current from now on, and what was is a former one."""
    former.write_text(current.read_text())
    current.write_text("a new ledger key of this test")


def ledger_of(stack: Stack) -> Redis:
    """The messaging service's own database."""
    return open_redis(f"{stack.urls.redis_url.rpartition('/')[0]}/1")


async def an_attempt(ledger: Redis) -> str:
    """The name of an attempt that was made."""
    names: list[bytes] = [name async for name in ledger.scan_iter(ATTEMPTS)]
    return names[0].decode().partition("{")[2].partition("}")[0]
