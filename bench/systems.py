"""The two systems that are measured, each with a durable server of its own."""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.cpu import child_running
from bench.ports import free_ports
from bench.texts import Text
from devstack.folder import DataFolder
from devstack.health import http_is_ok
from devstack.parts import Part, embedded_redis
from devstack.ports import LOOPBACK, Ports
from devstack.redis_url import embedded_url, next_database
from devstack.stack import Stack
from devstack.supervisor import Supervisor
from runtime.probe import grpc_serves

POOL = "bench"


@dataclass(frozen=True, slots=True)
class System:
    """Something that takes callbacks and sends texts."""

    name: str
    edge_url: str
    process_ids: Mapping[str, int]
    # Maskline's databases by what they keep; the skeleton's are of no interest.
    redis_urls: Mapping[str, str]
    recipient_of: Callable[[Text], str]


@asynccontextmanager
async def running_carrier(folder: Path) -> AsyncIterator[tuple[str, Mapping[str, int]]]:
    """The stub carrier: its URL and its process."""
    [port] = free_ports(1)
    listen = f"{LOOPBACK}:{port}"
    check = partial(http_is_ok, f"http://{listen}/healthz")
    part = Part("carrier", _module("bench.carrier", listen), _environment(), check)
    async with _running([part], folder):
        yield f"http://{listen}", _process_ids({"carrier": ("bench.carrier",)})


@asynccontextmanager
async def running_maskline(
    folder: Path, carrier_url: str, masked_numbers: Sequence[str]
) -> AsyncIterator[System]:
    """Maskline as `make run` starts it, with the stub for a carrier."""
    ports = Ports(*free_ports(len(Ports().by_part())))
    pools_file = folder / "pools.toml"
    folder.mkdir(parents=True)
    pools_file.write_text(_pools(masked_numbers))
    wiring = {
        "MESSAGING_FLOWROUTE_URL": carrier_url,
        "CONVERSATION_POOLS_FILE": str(pools_file),
    }
    stack = Stack(ports, folder, environment=wiring, restart=False)
    async with stack:
        yield System(
            "Maskline",
            stack.urls.gateway_url,
            _process_ids(
                {
                    "gateway": ("-m", "gateway"),
                    "conversation service": ("-m", "conversation_service"),
                    "messaging service": ("-m", "messaging_service"),
                    "valkey": ("--port", str(ports.valkey)),
                }
            ),
            {
                "conversations": stack.urls.redis_url,
                "ledger": next_database(stack.urls.redis_url),
            },
            lambda text: text.partner,
        )


@asynccontextmanager
async def running_skeleton(folder: Path, carrier_url: str) -> AsyncIterator[System]:
    """The skeleton, wired like Maskline."""
    redis_port, edge_port, core_port, sender_port = free_ports(4)
    edge, core = f"{LOOPBACK}:{edge_port}", f"{LOOPBACK}:{core_port}"
    sender = f"{LOOPBACK}:{sender_port}"
    redis_url = embedded_url(redis_port)
    to_redis, to_sender = ("--redis", redis_url), ("--sender", sender)
    to_carrier, to_edge = ("--carrier", carrier_url), ("--edge", f"http://{edge}")
    parts = [
        embedded_redis(redis_port, DataFolder(folder), _environment()),
        _skeleton("sender", sender, *to_carrier, *to_edge),
        _skeleton("core", core, *to_redis, *to_sender),
        _skeleton("edge", edge, "--core", core),
    ]
    async with _running(parts, folder):
        yield System(
            "skeleton",
            f"http://{edge}",
            _process_ids(
                {
                    "edge": ("bench.skeleton", "edge"),
                    "core and worker": ("bench.skeleton", "core"),
                    "sender": ("bench.skeleton", "sender"),
                    "valkey": ("--port", str(redis_port)),
                }
            ),
            {},
            lambda text: text.sender,
        )


@asynccontextmanager
async def _running(parts: Sequence[Part], path: Path) -> AsyncIterator[None]:
    folder = DataFolder(path)
    supervisor = Supervisor(parts, folder, budget=None, tell=print)
    with folder.locked():
        try:
            await supervisor.start_all()
            yield
        finally:
            await supervisor.stop_all()


def _skeleton(part: str, listen: str, *addresses: str) -> Part:
    if part == "edge":
        check = partial(http_is_ok, f"http://{listen}/healthz")
    else:
        check = partial(grpc_serves, listen)
    command = _module("bench.skeleton", part, "--listen", listen, *addresses)
    return Part(part, command, _environment(), check)


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _environment() -> Mapping[str, str]:
    return dict(os.environ)


def _process_ids(processes: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Those that are found; where there is no /proc, none is."""
    found = {name: child_running(*arguments) for name, arguments in processes.items()}
    return {name: process_id for name, process_id in found.items() if process_id is not None}


def _pools(masked_numbers: Sequence[str]) -> str:
    return (
        f"[pools.{POOL}]\n"
        f"numbers = {json.dumps(list(masked_numbers))}\n"
        'operator = "Maskline bench"\n'
        # Growing to very many conversations takes longer than a code usually lives.
        "code_lifetime_seconds = 86400\n"
    )
