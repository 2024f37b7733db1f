"""The systems that are measured, each with what it needs to be sent texts."""

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
from bench.systems.ways import Variant
from devstack.valkey import server_command
from support.ports import free_port

MASKED_NUMBER = "+12065550100"

CALL_SECONDS = 30.0


def answers(url: str) -> bool:
    """Whether somebody serves HTTP there."""
    try:
        httpx.get(url)
    except httpx.HTTPError:
        return False
    return True


@dataclass
class Carrier:
    """The stub, from outside."""

    process: "subprocess.Popen[bytes]"
    url: str
    taken: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    @classmethod
    def started(cls, held: ExitStack) -> "Carrier":
        """In a process of its own."""
        port = free_port()
        process = start_python(held, "bench.systems.carrier", str(port))
        carrier = cls(process, f"http://127.0.0.1:{port}")
        wait_until(lambda: answers(carrier.url), "the carrier")
        return carrier

    def look(self) -> None:
        """Fetches what came since the last look: body -> to whom and when."""
        for body, to, time_ns in httpx.get(self.url + TAKEN, timeout=CALL_SECONDS).json():
            self.taken.setdefault(body, []).append((to, time_ns))

    def delay(self, milliseconds: int) -> None:
        """How long it takes over each text from now on."""
        httpx.put(self.url, content=str(milliseconds)).raise_for_status()


@dataclass
class System:
    """Something that texts can be sent through."""

    name: str
    callback_url: str
    redis_url: str
    pids: dict[str, int]
    senders: list[tuple[str, str]]
    _numbers: Iterator[int] = field(default_factory=count)

    def texts(self, number: int) -> list[tuple[str, str, str]]:
        """So many texts: the callback's body, the marker in it, and who must receive it."""
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


def start_skeleton(held: ExitStack, carrier: Carrier, folder: Path) -> System:
    """The three processes, and a durable Valkey of their own."""
    ports = {name: free_port() for name in ("gateway", "conversation", "messaging", "valkey")}
    data = folder / "skeleton"
    data.mkdir(parents=True)
    valkey = start(held, *server_command(ports["valkey"], data, durable=True))
    redis_url = f"redis://127.0.0.1:{ports['valkey']}/0"
    wait_until(lambda: listens(ports["valkey"]), "the skeleton's Valkey")
    hops = [
        ("messaging", carrier.url),
        ("conversation", f"127.0.0.1:{ports['messaging']}"),
        ("gateway", f"127.0.0.1:{ports['conversation']}"),
    ]
    running = {
        role: start_python(
            held, "bench.systems.skeleton", role, str(ports[role]), target, redis_url
        )
        for role, target in hops
    }
    wait_until(lambda: all(map(listens, ports.values())), "the skeleton")
    senders = [(number, number) for number in islice(people(), 400)]
    return System(
        name="skeleton",
        callback_url=f"http://127.0.0.1:{ports['gateway']}/api/message",
        redis_url=redis_url,
        pids={"valkey": valkey.pid, **{role: one.pid for role, one in running.items()}},
        senders=senders,
    )


def start_maskline(held: ExitStack, carrier: Carrier, folder: Path, way: Variant) -> System:
    """All of it as `make run` starts it, but for the carrier and for what the way says."""
    addresses = folder / f"{way.name}.json"
    arguments = (way.told(), str(folder / way.name), carrier.url, str(addresses))
    process = start_python(held, "bench.systems.maskline", *arguments)
    wait_until(lambda: addresses.exists() or process.poll() is not None, "Maskline")
    urls = json.loads(addresses.read_text())
    running = {_part(name, way): pid for name, pid in processes_below(process.pid).items()}
    wanted = {"gateway", "conversation", "messaging", "valkey"}
    return System(
        name=way.name,
        callback_url=f"{urls['gateway_url']}/api/message",
        redis_url=urls["redis_url"],
        pids={name: pid for name, pid in running.items() if name in wanted},
        senders=[],
    )


def _part(program: str, way: Variant) -> str:
    """What a process is for."""
    if program == way.conversation:
        return "conversation"
    if "valkey" in program or "redis" in program:
        return "valkey"
    return program.removesuffix("_service")


def connect_people(system: System, carrier: Carrier, conversations: int) -> None:
    """Starts and joins conversations through the front door."""
    strangers = people()
    pairs = [(next(strangers), next(strangers)) for _ in range(conversations)]
    with httpx.Client(timeout=CALL_SECONDS) as http:
        for starter, _ in pairs:
            _say(http, system, starter, "start")
        codes = _codes(carrier, conversations)
        for starter, joiner in pairs:
            _say(http, system, joiner, f"join {codes[starter]}")
    wait_until(lambda: _told(carrier, "You have joined") >= conversations, "all joined")
    system.senders = [*pairs, *((joiner, starter) for starter, joiner in pairs)]
    carrier.taken.clear()


def _say(http: httpx.Client, system: System, sender: str, words: str) -> None:
    callback = {
        "id": f"mdr2-{sender[1:]}{words[:4]}",
        "to": MASKED_NUMBER[1:],
        "from": sender[1:],
        "body": words,
    }
    http.post(system.callback_url, json=callback).raise_for_status()


def _codes(carrier: Carrier, number: int) -> dict[str, str]:
    wait_until(lambda: _told(carrier, "Your code is") >= number, "all codes")
    found = {}
    for body, arrivals in carrier.taken.items():
        if match := re.match(r"Your code is (\w+)", body):
            found.update({to: match[1] for to, _ in arrivals})
    return found


def _told(carrier: Carrier, words: str) -> int:
    carrier.look()
    return sum(len(to) for body, to in carrier.taken.items() if body.startswith(words))
