"""Starts the measured systems and connects people through them."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path

import httpx

from bench.measuring.people import people
from bench.systems.carrier import TAKEN
from bench.systems.processes import listens, processes_below, start, start_python, wait_until
from bench.systems.variants import Variant
from devstack.valkey import server_command
from support.net.ports import free_port

MASKED_NUMBER = "+12065550100"

CALL_SECONDS = 30.0


def serves_http(url: str) -> bool:
    """Whether a GET gets any response."""
    try:
        httpx.get(url)
    except httpx.HTTPError:
        return False
    return True


@dataclass
class Carrier:
    """The stub carrier's process and client."""

    process: "subprocess.Popen[bytes]"
    url: str
    taken: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    @classmethod
    def start(cls, resources: ExitStack) -> "Carrier":
        """Starts the stub in its own process."""
        port = free_port()
        process = start_python(resources, "bench.systems.carrier", str(port))
        carrier = cls(process, f"http://127.0.0.1:{port}")
        wait_until(lambda: serves_http(carrier.url), "the carrier")
        return carrier

    def fetch(self) -> None:
        """Adds the messages since the last call to `taken`: recipient and time by body."""
        for body, to, time_ns in httpx.get(self.url + TAKEN, timeout=CALL_SECONDS).json():
            self.taken.setdefault(body, []).append((to, time_ns))

    def delay(self, milliseconds: int) -> None:
        """Sets the response time of each message from now on."""
        httpx.put(self.url, content=str(milliseconds)).raise_for_status()


@dataclass
class System:
    """A running system and its senders."""

    name: str
    callback_url: str
    redis_url: str
    pids: dict[str, int]
    senders: list[tuple[str, str]]
    _numbers: Iterator[int] = field(default_factory=count)

    def texts(self, number: int) -> list[tuple[str, str, str]]:
        """`number` messages: the callback's body, its unique marker, and the recipient."""
        pairs = islice(cycle(self.senders), number)
        return [self._text(sender, receiver) for sender, receiver in pairs]

    def _text(self, sender: str, receiver: str) -> tuple[str, str, str]:
        number = next(self._numbers)
        marker = f"{self.name} {number}"
        body = {
            "id": f"mdr2-{number:032x}",
            "to": MASKED_NUMBER[1:],
            "body": marker,
            "from": sender[1:],
            "sender": sender,
        }
        return json.dumps(body), marker, receiver


def start_skeleton(resources: ExitStack, carrier: Carrier, folder: Path) -> System:
    """Starts the three processes with their own durable Valkey."""
    ports = {name: free_port() for name in ("gateway", "conversation", "messaging", "valkey")}
    data = folder / "skeleton"
    data.mkdir(parents=True)
    valkey = start(resources, *server_command(ports["valkey"], data, durable=True))
    redis_url = f"redis://127.0.0.1:{ports['valkey']}/0"
    wait_until(lambda: listens(ports["valkey"]), "the skeleton's Valkey")
    hops = [
        ("messaging", carrier.url),
        ("conversation", f"127.0.0.1:{ports['messaging']}"),
        ("gateway", f"127.0.0.1:{ports['conversation']}"),
    ]
    running = {
        role: start_python(
            resources, "bench.systems.skeleton", role, str(ports[role]), target, redis_url
        )
        for role, target in hops
    }
    wait_until(lambda: all(map(listens, ports.values())), "the skeleton")
    senders = [(number, number) for number in islice(people(), 400)]
    return System(
        name="skeleton",
        callback_url=f"http://127.0.0.1:{ports['gateway']}/api/message",
        redis_url=redis_url,
        pids={"valkey": valkey.pid, **{role: process.pid for role, process in running.items()}},
        senders=senders,
    )


def start_maskline(
    resources: ExitStack, carrier: Carrier, folder: Path, variant: Variant
) -> System:
    """Starts a deployment as `make run` does, with the stub carrier and the variant's changes."""
    addresses = folder / f"{variant.name}.json"
    arguments = (variant.to_json(), str(folder / variant.name), carrier.url, str(addresses))
    process = start_python(resources, "bench.systems.maskline", *arguments)
    wait_until(lambda: addresses.exists() or process.poll() is not None, "Maskline")
    urls = json.loads(addresses.read_text())
    children = processes_below(process.pid)
    pids = {_role(program, variant): pid for program, pid in children.items()}
    roles = {"gateway", "conversation", "messaging", "valkey"}
    return System(
        name=variant.name,
        callback_url=f"{urls['gateway_url']}/api/message",
        redis_url=urls["redis_url"],
        pids={role: pid for role, pid in pids.items() if role in roles},
        senders=[],
    )


def _role(program: str, variant: Variant) -> str:
    if program == variant.conversation:
        return "conversation"
    if "valkey" in program or "redis" in program:
        return "valkey"
    return program.removesuffix("_service")


def connect_people(system: System, carrier: Carrier, conversations: int) -> None:
    """Starts and joins conversations with callbacks at the gateway."""
    numbers = people()
    pairs = [(next(numbers), next(numbers)) for _ in range(conversations)]
    with httpx.Client(timeout=CALL_SECONDS) as http:
        for starter, _ in pairs:
            _post(http, system, starter, "start")
        codes = _codes(carrier, conversations)
        for starter, joiner in pairs:
            _post(http, system, joiner, f"join {codes[starter]}")
    wait_until(lambda: _count(carrier, "You have joined") >= conversations, "all joined")
    system.senders = [*pairs, *((joiner, starter) for starter, joiner in pairs)]
    carrier.taken.clear()


def _post(http: httpx.Client, system: System, sender: str, body: str) -> None:
    callback = {
        "id": f"mdr2-{sender[1:]}{body[:4]}",
        "to": MASKED_NUMBER[1:],
        "from": sender[1:],
        "body": body,
    }
    http.post(system.callback_url, json=callback).raise_for_status()


def _codes(carrier: Carrier, number: int) -> dict[str, str]:
    wait_until(lambda: _count(carrier, "Your code is") >= number, "all codes")
    codes = {}
    for body, arrivals in carrier.taken.items():
        if match := re.match(r"Your code is (\w+)", body):
            codes.update({to: match[1] for to, _ in arrivals})
    return codes


def _count(carrier: Carrier, prefix: str) -> int:
    carrier.fetch()
    return sum(len(to) for body, to in carrier.taken.items() if body.startswith(prefix))
