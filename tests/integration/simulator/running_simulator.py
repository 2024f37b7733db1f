"""The simulator and what it calls, both over real HTTP; the test owns the clock."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.http.server import AsgiApplication, HttpServer, http_server
from simulator.app import create_app, create_carrier
from simulator.callbacks.client import CallbackClient
from simulator.carrier import Carrier
from simulator.http.tls import client_context
from simulator.settings import Settings
from support.clock import ManualClock
from support.eventually import eventually

KEYS = ("simulator", "simulator")
JSON_API = {"content-type": "application/vnd.api+json; charset=utf-8"}
ALICE, BOB = "+14255550111", "+14255550122"
OURS, ALSO_OURS = "+12065550100", "+12065550101"


@dataclass(frozen=True)
class ReceivedCallback:
    path: str
    headers: Mapping[str, str]
    content: bytes


class RecordingGateway:
    """Answers every callback with `status`, or not at all, and keeps what came.

    /readyz is answered with `readiness`.
    """

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.readiness = 200
        self.received: list[ReceivedCallback] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.app = Starlette(
            routes=[
                Route("/readyz", self._readyz, methods=["GET"]),
                Route("/{path:path}", self._take, methods=["POST"]),
            ]
        )

    async def _readyz(self, _request: Request) -> Response:
        return Response(status_code=self.readiness)

    async def _take(self, request: Request) -> Response:
        content = await request.body()
        self.received.append(ReceivedCallback(request.url.path, request.headers, content))
        await self.answers.wait()
        return Response(status_code=self.status)


@dataclass
class Simulator:
    """The simulator as its callers see it, and its inside for what only time brings about."""

    port: int
    http: httpx.AsyncClient
    carrier: Carrier
    gateway: RecordingGateway

    async def send(self, **changes: object) -> httpx.Response:
        message = {"to": ALICE, "from": OURS, "body": "hi", **changes}
        return await self.http.post("/v2.2/messages", json=message, auth=KEYS)

    async def type_text(self, body: str, *, phone: str = ALICE, **more: object) -> str:
        typed = {"to": OURS, "body": body, **more}
        response = await self.http.post(f"/simulator/phones/{phone}/texts", json=typed)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    async def fault(self, kind: str, **more: object) -> str:
        response = await self.http.post("/simulator/faults", json={"kind": kind, **more})
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def records(self, clock: ManualClock) -> list[dict[str, object]]:
        query = {"start_date": f"{clock.now():%Y-%m-%d}"}
        response = await self.http.get("/v2.2/messages", params=query, auth=KEYS)
        listed: list[dict[str, object]] = response.raise_for_status().json()["data"]
        return listed

    async def texts(self, phone: str = ALICE) -> list[dict[str, object]]:
        response = await self.http.get(f"/simulator/phones/{phone}/texts")
        texts: list[dict[str, object]] = response.json()["texts"]
        return texts

    async def deliver(self) -> None:
        """Sends every callback that is due now, and what follows it at once."""
        await self.carrier.callback_sender.wait_until_idle()
        while self.carrier.callback_sender.run_once():
            await self.carrier.callback_sender.wait_until_idle()


def assert_error(response: httpx.Response, status: int, title: str) -> str:
    """One documented error body; answers its detail."""
    assert response.status_code == status
    [error] = response.json()["errors"]
    assert set(error) == {"id", "status", "title", "detail"}
    assert (error["status"], error["title"]) == (status, title)
    assert str(uuid.UUID(error["id"])) == error["id"]
    return str(error["detail"])


@asynccontextmanager
async def running_simulator(
    clock: ManualClock, *, response_timeout_seconds: float = 10.0, port: int = 0, **settings: object
) -> AsyncIterator[Simulator]:
    """The application on a free port, as `python -m simulator` serves it with these settings."""
    gateway = RecordingGateway()
    async with serving(gateway.app) as gateway_server:
        gateway.url = f"http://127.0.0.1:{port_of(gateway_server)}"
        given = Settings.model_validate({"gateway_url": gateway.url, **settings})
        client = CallbackClient(response_timeout_seconds)
        carrier = create_carrier(given, clock, client.post)
        app = create_app(given, clock, carrier, client)
        async with serving(app, port) as server, _client(port_of(server)) as http:
            yield Simulator(port_of(server), http, carrier, gateway)
            carrier.close()
            gateway.answers.set()
            # Each server takes a while to end, so both begin now.
            gateway_server.should_exit = True


@asynccontextmanager
async def serving(app: AsgiApplication, port: int = 0) -> AsyncIterator[HttpServer]:
    server = http_server(app, f"127.0.0.1:{port}")
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


def port_of(server: HttpServer) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


def _client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=30, verify=client_context()
    )
