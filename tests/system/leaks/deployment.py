"""All of Maskline as processes, and everything that they write, show and log."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx
from google.protobuf.message import Message
from integration.cli.in_process import maskline

from conversation_service.store.encryption.blind_index_key import BlindIndexKeyStore
from conversation_service.store.encryption.cipher import Cipher
from devstack.data_dir import DataDirectory
from devstack.ports import Ports
from devstack.processes import REPOSITORY
from devstack.stack import Stack
from runtime.redis.client import open_redis
from support.builders.erasing import numbers_in
from support.fakes.otlp_sink import OtlpSink
from support.fakes.phones import Phone
from support.net.ports import free_port
from support.observation.leak_markers import ALICE, BOB, CAROL

TRACED = ("GATEWAY", "CONVERSATION", "MESSAGING")
PARTS = ("valkey", "simulator", "messaging_service", "conversation_service", "gateway")
CALL_SECONDS = 120.0
# An uncertain send is looked up at once and again soon.
LOOKUPS = "0.5,1"


@dataclass
class Deployment:
    """A running stack, its phones, and all responses so far."""

    stack: Stack
    carrier: httpx.AsyncClient
    gateway: httpx.AsyncClient
    channel: grpc.aio.Channel
    messaging: grpc.aio.Channel
    folder: Path
    metrics: tuple[str, ...]
    traces: OtlpSink
    told: dict[str, bytes] = field(default_factory=dict)

    def phone(self, number: str) -> Phone:
        """A phone of the simulator."""
        return Phone(self.carrier, number)

    async def posted(self, path: str, body: bytes) -> None:
        """Posts a callback with any body."""
        answer = await self.gateway.post(path, content=body)
        self._keep("gateway", answer.content + repr(answer.headers).encode())

    async def called(
        self, path: str, request: Message | bytes, channel: grpc.aio.Channel | None = None
    ) -> bytes:
        """The response of an RPC. A refusal is kept with its trailers."""
        written = request if isinstance(request, bytes) else request.SerializeToString()
        call = (channel or self.channel).unary_unary(path, bytes, bytes)
        try:
            answer: bytes = await call(written, timeout=CALL_SECONDS)
        except grpc.aio.AioRpcError as refusal:
            trailers = b"".join(_bytes(value) for _, value in refusal.trailing_metadata())
            answer = b""
            self._keep(f"refusal of {path}", f"{refusal!r}".encode() + trailers)
        self._keep(f"answer of {path}", answer)
        return answer

    async def typed(self, *arguments: str) -> str:
        """Runs an operator command, one at a time; returns its output."""
        ended = await maskline(
            self.stack.urls.conversation_target,
            *arguments,
            MASKLINE_GATEWAY_URL=self.stack.urls.gateway_url,
        )
        self._keep(f"maskline {' '.join(arguments[:2])}", (ended.out + ended.err).encode())
        return ended.out

    async def listed(self, *arguments: str) -> list[dict[str, str]]:
        """The items that an operator command lists."""
        document = json.loads(await self.typed(*arguments, "--json"))
        [items] = [value for value in document.values() if isinstance(value, list)]
        return list(items)

    async def opens(self, number: str) -> list[bytes]:
        """Decrypts Redis with the state key; returns the records with a person's number."""
        cipher = Cipher(DataDirectory(self.folder).state_key.read_text().strip())
        async with open_redis(self.stack.urls.redis_url) as redis:
            await BlindIndexKeyStore(redis, cipher).load()
            return await numbers_in(redis, number, cipher)

    async def left(self) -> dict[str, bytes]:
        """Everything that was sent, shown, logged and stored. Ends the stack."""
        async with httpx.AsyncClient() as http:
            for url in self.metrics:
                self._keep(url, (await http.get(url)).content)
        await self._write_snapshot()
        await self.stack.stop_all()
        kept = [*(self.folder / "logs").iterdir(), *(self.folder / "valkey").rglob("*")]
        files = {str(path): path.read_bytes() for path in kept if path.is_file()}
        return {**self.told, **files, "traces": self.traces.raw}

    async def _write_snapshot(self) -> None:
        """An RDB file beside the AOF, without compression, which would hide its contents."""
        async with open_redis(self.stack.urls.redis_url) as redis:
            await redis.config_set("rdbcompression", "no")
            await redis.save()

    def _keep(self, place: str, content: bytes) -> None:
        self.told[place] = self.told.get(place, b"") + content + b"\n"


def _pools_in(folder: Path) -> Path:
    """The pools of deploy/, with the keyword ERASE."""
    folder.mkdir(exist_ok=True)
    pools, written = folder / "pools.toml", (REPOSITORY / "deploy" / "pools.toml").read_text()
    pools.write_text(written.replace("#erase_enabled = false", "erase_enabled = true"))
    return pools


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


@asynccontextmanager
async def deployment(folder: Path, log_level: str) -> AsyncIterator[Deployment]:
    """With data of its own. Every part logs from this level on and exports all spans."""
    traces = OtlpSink()
    ports = Ports(**{part: free_port() for part in PARTS})
    shown = {name: f"127.0.0.1:{free_port()}" for name in ("CONVERSATION", "MESSAGING")}
    environment = {
        # Four times: longer than a start takes on a busy machine.
        "SIMULATOR_RESEND_INTERVAL_SECONDS": "5",
        "SIMULATOR_PHONES": ",".join((ALICE, BOB, CAROL)),
        "MESSAGING_UNKNOWN_LOOKUPS_SECONDS": LOOKUPS,
        **{f"{name}_METRICS_LISTEN": address for name, address in shown.items()},
        **{f"{name}_TRACES_ENDPOINT": traces.endpoint for name in TRACED},
        **{
            f"{name}_LOG_LEVEL": log_level
            for name in ("GATEWAY", "CONVERSATION", "MESSAGING", "SIMULATOR")
        },
    }
    environment["CONVERSATION_POOLS_FILE"] = str(_pools_in(folder))
    data = folder / "data"
    with traces.serving():
        async with (
            Stack(ports, data, environment=environment, restart=False) as stack,
            httpx.AsyncClient(base_url=stack.urls.simulator_url, timeout=CALL_SECONDS) as carrier,
            httpx.AsyncClient(base_url=stack.urls.gateway_url, timeout=CALL_SECONDS) as gateway,
            grpc.aio.insecure_channel(stack.urls.conversation_target) as channel,
            grpc.aio.insecure_channel(stack.urls.messaging_target) as messaging,
        ):
            metrics = tuple(f"http://{address}/metrics" for address in shown.values())
            yield Deployment(stack, carrier, gateway, channel, messaging, data, metrics, traces)
