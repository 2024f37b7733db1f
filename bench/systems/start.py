"""Starts the measured systems."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path

import httpx

from bench.measuring.people import people
from bench.systems import sms_proxy
from bench.systems.carrier import TAKEN
from bench.systems.processes import listens, processes_below, start, start_python, wait_until
from bench.systems.variants import CALLS, Variant
from devstack.valkey import server_command
from support.net.ports import free_port

MASKED_NUMBER = "+12065550100"

CALL_SECONDS = 30.0

POOL_PREFIX = "ml1:{main}:"

ROLES = ("gateway", "conversation", "messaging", "valkey")


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


@dataclass(frozen=True, slots=True)
class Text:
    """A message: the callback's content, its unique body, and who must receive it."""

    callback: str
    marker: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Sender:
    """A person, a masked number, and who receives what the person texts to it."""

    sender: str
    receiver: str
    masked_number: str = MASKED_NUMBER


@dataclass
class System:
    """A running system and its senders."""

    name: str
    callback_url: str
    pids: dict[str, int]
    senders: list[Sender] = field(default_factory=list)
    # Of Maskline only.
    redis_url: str = ""
    ledger_url: str = ""
    lease: str = ""
    outbox: str = ""
    calls: Path | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def texts(self, number: int) -> list[Text]:
        """`number` new messages, from each sender in turn."""
        return [self._text(sender) for sender in islice(cycle(self.senders), number)]

    def _text(self, sender: Sender) -> Text:
        number = next(self._numbers)
        marker = f"{self.name} {number}"
        callback = {
            "id": f"mdr2-{number:032x}",
            "to": sender.masked_number[1:],
            "body": marker,
            "from": sender.sender[1:],
            "sender": sender.sender,
        }
        return Text(json.dumps(callback), marker, sender.receiver)


def start_skeleton(resources: ExitStack, carrier: Carrier, folder: Path) -> System:
    """Starts the three processes with their own durable Valkey."""
    ports = {name: free_port() for name in ROLES}
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
    return System(
        name="skeleton",
        callback_url=f"http://127.0.0.1:{ports['gateway']}/api/message",
        pids={"valkey": valkey.pid, **{role: process.pid for role, process in running.items()}},
        senders=[Sender(number, number) for number in islice(people(), 400)],
    )


def start_sms_proxy(
    resources: ExitStack, carrier: Carrier, folder: Path, conversations: int
) -> System:
    """Starts the stand-in of flowroute/sms-proxy with as many sessions as Maskline has."""
    numbers, database, port = people(), folder / "sms_proxy.sqlite", free_port()
    sessions = [(next(numbers), next(numbers), next(numbers)) for _ in range(conversations)]
    # It compares numbers as the callback has them, without "+".
    sms_proxy.create(database, [(number[1:], a[1:], b[1:]) for number, a, b in sessions])
    process = start_python(
        resources,
        *("gunicorn", "--workers", str(sms_proxy.WORKERS), "--bind", f"127.0.0.1:{port}"),
        *("--log-level", "error", "bench.systems.sms_proxy:app"),
        **{
            sms_proxy.DATABASE: str(database),
            sms_proxy.CARRIER_ADDRESS: carrier.url.removeprefix("http://"),
        },
    )
    wait_until(lambda: len(processes_below(process.pid)) == sms_proxy.WORKERS, "the proxy")
    wait_until(lambda: listens(port), "the proxy")
    pids = [process.pid, *(pid for _, pid in processes_below(process.pid))]
    return System(
        name="sms-proxy",
        callback_url=f"http://127.0.0.1:{port}/api/message",
        pids={f"gunicorn-{index}": pid for index, pid in enumerate(pids)},
        senders=[
            Sender(sender, receiver[1:], number)
            for number, a, b in sessions
            for sender, receiver in ((a, b), (b, a))
        ],
    )


def start_maskline(
    resources: ExitStack, carrier: Carrier, folder: Path, variant: Variant
) -> System:
    """Starts a deployment as `make run` does, with the stub carrier and the variant's changes."""
    addresses, own = folder / f"{variant.name}.json", folder / variant.name
    arguments = (variant.to_json(), str(own), carrier.url, str(addresses))
    process = start_python(
        resources, "bench.systems.maskline", *arguments, python=variant.python or sys.executable
    )
    wait_until(lambda: addresses.exists() or process.poll() is not None, "Maskline")
    urls = json.loads(addresses.read_text())
    pids = {_role(name, variant): pid for name, pid in processes_below(process.pid)}
    return System(
        name=variant.name,
        callback_url=f"{urls['gateway_url']}/api/message",
        pids={role: pids[role] for role in ROLES},
        redis_url=urls["redis_url"],
        ledger_url=urls["ledger_url"],
        lease=f"{POOL_PREFIX}lease",
        outbox=f"{POOL_PREFIX}outbox",
        calls=own / CALLS if variant.counts_calls else None,
    )


def _role(program: str, variant: Variant) -> str:
    if program == variant.conversation:
        return "conversation"
    if "valkey" in program or "redis" in program:
        return "valkey"
    return program.removesuffix("_service")
