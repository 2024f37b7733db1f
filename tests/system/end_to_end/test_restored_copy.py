"""An older copy of Redis is restored: nothing is misrouted or doubled, and opt-outs stay."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from system.end_to_end.stack import PHONES, running_stack

from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from devstack.stack import Stack
from devstack.valkey import server_command
from runtime.redis.client import open_redis
from support.builders.conversations import MASKED
from support.eventually import eventually
from support.fakes.phones import CALL_SECONDS, Phone
from support.net.ports import free_port
from support.services.cli_process import maskline

pytestmark = pytest.mark.slow

POOLS = f"""
[pools.main]
masked_numbers = ["{MASKED}"]
operator_name = "Maskline demo"
contact = "help@example.org"
lifecycle.cool_off = "0s"
"""
FOR_CAROL, AFTER_THE_RESTORE = "only Carol may read this", "typed while a restore was pending"
TORN = b"*3\r\n$3\r\nSET\r\n$5\r\nhal"


@dataclass
class Deployment:
    """A stack and the phones of five people."""

    stack: Stack
    folder: Path
    phones: list[Phone]

    @property
    def data(self) -> Path:
        """The embedded server's directory."""
        return self.folder / "data" / "valkey"

    async def cli(self, *typed: str) -> str:
        """The output of a command that succeeds."""
        ended = await maskline(self.stack.urls.conversation_target, *typed)
        assert ended.status == 0, ended.err
        return ended.out

    async def connect(self, starter: Phone, joiner: Phone) -> None:
        """A conversation of the two on the only number."""
        had, joiner_had = await counts(starter), await counts(joiner)
        await starter.text(MASKED, "start")
        code = (await starter.received(had + 1))[-1].removeprefix("Maskline demo: your code is ")[
            :6
        ]
        await joiner.text(MASKED, f"join {code}")
        await starter.received(had + 2)
        await joiner.received(joiner_had + 1)

    async def restore_finding(self) -> str:
        """What `maskline doctor` says of a restore."""
        ended = await maskline(self.stack.urls.conversation_target, "doctor")
        lines = [line for line in ended.out.splitlines() if "redis_restore" in line]
        return lines[0] if lines else ""


Restore = Callable[[Deployment, Path], Awaitable[None]]


async def counts(phone: Phone) -> int:
    return len(await phone.texts("received"))


async def copy_aof(deployment: Deployment, copy: Path) -> None:
    """The append-only file, whose last command was only half written when it was copied."""
    shutil.copytree(deployment.data / "appendonlydir", copy / "appendonlydir")
    [incremental] = (copy / "appendonlydir").glob("*.incr.aof")
    with incremental.open("ab") as file:
        file.write(TORN)


async def copy_rdb(deployment: Deployment, copy: Path) -> None:
    """A snapshot, made into an append-only file as docs/backup.md says."""
    async with open_redis(deployment.stack.urls.redis_url) as redis:
        await redis.save()
    shutil.copytree(deployment.data, copy, ignore=shutil.ignore_patterns("appendonlydir"))
    port = free_port()
    server = await asyncio.create_subprocess_exec(*server_command(port, copy, durable=False))
    async with open_redis(f"redis://127.0.0.1:{port}/0") as redis:
        await eventually(partial(is_loaded, redis))
        await redis.config_set("appendonly", "yes")
        await eventually(partial(is_written, redis))
    server.terminate()
    await server.wait()


async def is_loaded(redis: Redis) -> bool:
    with suppress(RedisError, OSError):
        return bool(await redis.exists(DeploymentKeys().epoch))
    return False


async def is_written(redis: Redis) -> bool:
    info = await redis.info("persistence")
    is_busy = info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"]
    return bool(info["aof_enabled"]) and not is_busy


@pytest.mark.parametrize("make_copy", [copy_aof, copy_rdb])
@pytest.mark.parametrize("is_running", [False, True], ids=["stopped", "running"])
async def test_a_restored_copy_stops_everything_until_it_is_accepted(
    tmp_path: Path, make_copy: Restore, is_running: bool
) -> None:
    pools = tmp_path / "pools.toml"
    pools.write_text(POOLS)
    async with (
        running_stack(tmp_path, CONVERSATION_POOLS_FILE=str(pools)) as stack,
        httpx.AsyncClient(base_url=stack.urls.simulator_url, timeout=CALL_SECONDS) as carrier,
    ):
        phones = [Phone(carrier, number) for number in PHONES[:5]]
        deployment = Deployment(stack, tmp_path, phones)
        alice, bob, carol, dave, erin = phones
        await deployment.connect(alice, bob)
        await make_copy(deployment, tmp_path / "copy")
        await since_the_copy(deployment)
        before = [await phone.texts("received") for phone in phones]

        starting = await restore(deployment, tmp_path / "copy", is_running=is_running)
        await pending(deployment)
        await alice.text(MASKED, AFTER_THE_RESTORE)
        assert [await phone.texts("received") for phone in phones] == before
        out = await deployment.cli("restore", "accept", "--timeout", "60", "--request-id", "r1")
        assert "1 conversations ended" in out
        assert "2 people opted out again" in out
        assert out == await deployment.cli("restore", "accept", "--request-id", "r1")
        await starting

        await has_reconciled(stack)
        for person in (dave, erin):
            assert "Opted out" in await deployment.cli("people", "show", person.number)
        await deployment.connect(carol, bob)
        await check(phones)


async def since_the_copy(deployment: Deployment) -> None:
    """Alice goes on to Carol; Dave is opted out by API, Erin by text."""
    alice, bob, carol, dave, erin = deployment.phones
    ended = await counts(bob)
    await alice.text(MASKED, "end")
    await bob.received(ended + 1)
    await deployment.connect(carol, alice)
    had = await counts(carol)
    await alice.text(MASKED, FOR_CAROL)
    await carol.received(had + 1)
    await deployment.cli("people", "opt-out", dave.number)
    await erin.accepted(await erin.text(MASKED, "stop"))


async def restore(
    deployment: Deployment, copy: Path, *, is_running: bool
) -> "asyncio.Future[None]":
    """Puts the copy in place; the conversation service starts, or has kept running."""
    if not is_running:
        await deployment.stack.kill("conversation_service")
    await deployment.stack.kill("valkey")
    shutil.rmtree(deployment.data / "appendonlydir")
    shutil.copytree(copy / "appendonlydir", deployment.data / "appendonlydir")
    await deployment.stack.start("valkey")
    if is_running:
        return asyncio.ensure_future(asyncio.sleep(0))
    return asyncio.ensure_future(deployment.stack.start("conversation_service"))


async def pending(deployment: Deployment) -> None:
    async def is_pending() -> bool:
        return "maskline restore accept" in await deployment.restore_finding()

    await eventually(is_pending)
    gateway = deployment.stack.urls.gateway_url
    async with httpx.AsyncClient(base_url=gateway, timeout=CALL_SECONDS) as http:

        async def is_unready() -> bool:
            return (await http.get("/readyz")).status_code == 503

        await eventually(is_unready)


async def has_reconciled(stack: Stack) -> None:
    """Waits for two whole searches of the carrier's records."""
    key = DeploymentKeys().reconciliation
    async with open_redis(stack.urls.redis_url) as redis:
        for _ in range(2):
            last = await look(redis, key)

            async def went_on(last: int = last) -> bool:
                return await look(redis, key) > last

            await eventually(went_on)


async def look(redis: Redis, key: str) -> int:
    return int(await redis.hget(key, "look") or 0)


async def check(phones: list[Phone]) -> None:
    """Nobody has another's words, and nothing came twice."""
    received = [await phone.texts("received") for phone in phones]
    bodies = [Counter(text.body for text in texts) for texts in received]
    assert [texts[FOR_CAROL] for texts in bodies] == [0, 0, 1, 0, 0]
    assert [texts[AFTER_THE_RESTORE] for texts in bodies] == [0] * len(phones)
