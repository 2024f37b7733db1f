"""Flowroute over real HTTP, whose answers a test scripts."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.carrier.adapter import CarrierAdapter, CarrierParts
from messaging_service.carrier.flowroute.adapter import CAPABILITIES, open_flowroute


@dataclass(frozen=True, slots=True)
class CarrierRequest:
    """One request to the carrier."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of a JSON:API request."""
        return cast("dict[str, Any]", json.loads(self.content)["data"]["attributes"])

    @property
    def body(self) -> str:
        """The body of the message."""
        return str(self.attributes["body"])

    @property
    def to_number(self) -> str:
        """The recipient's number."""
        return str(self.attributes["to"])

    @property
    def basic_credentials(self) -> tuple[str, str]:
        """User and password."""
        encoded = self.headers["authorization"].removeprefix("Basic ")
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        return user, password

    @property
    def send_token(self) -> str:
        """The last part of the receipt URL."""
        return str(self.attributes["dlr_callback"]).rpartition("/")[2]


# Bytes to write, at once or piece by piece, or None to break the connection off.
Answer = bytes | AsyncIterator[bytes] | None
Script = Callable[[CarrierRequest], Awaitable[Answer]]


def response(status: int, body: object = None, headers: Mapping[str, str] | None = None) -> bytes:
    """An HTTP response; a body that is not bytes already is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def accepted(carrier_message_id: str) -> bytes:
    """Flowroute's answer to an accepted message."""
    return response(202, {"data": {"id": carrier_message_id, "type": "message"}})


def record(
    carrier_message_id: str,
    sent: Mapping[str, object],
    time: datetime,
    *,
    direction: str = "outbound",
) -> dict[str, object]:
    """The record that Flowroute lists of a message with these attributes."""
    attributes = {
        "body": sent["body"],
        "from": str(sent["from"]).lstrip("+"),
        "to": str(sent["to"]).lstrip("+"),
        "direction": direction,
        "is_mms": bool(sent.get("is_mms")),
        "timestamp": f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 10_000:02d}Z",
    }
    return {"type": "message", "id": carrier_message_id, "attributes": attributes}


class ScriptedCarrier:
    """Accepts every message until `script` is replaced. Its records are empty."""

    capabilities = CAPABILITIES
    # Knows where this carrier has the fields of a message.
    requests_are: type[CarrierRequest] = CarrierRequest
    # What a receipt contains instead of words, by the state that it reports.
    codes: Mapping[str, str] = {
        "sent": "1003",
        "delivered": "1004",
        "undelivered": "1007",
        "opted out": "1110",
    }

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[CarrierRequest] = []
        # Requests for records, which have a script of their own.
        self.listings: list[CarrierRequest] = []
        self.script: Script = self.takes
        self.records_script = _always(response(200, {"data": [], "links": {}}))
        # Whether it ends the connection after each answer, complete or not.
        self.hangs_up = False

    def always(self, answer: Answer) -> None:
        """Answers every request so from now on."""
        self.script = _always(answer)

    def lists(self, *records: object, more: bool = False) -> None:
        """Returns these records as every page from now on."""
        links = {"next": "/v2.2/messages?offset=1"} if more else {}
        self.always_lists(response(200, {"data": records, "links": links}))

    def always_lists(self, answer: Answer) -> None:
        """Answers every request for records so from now on."""
        self.records_script = _always(answer)

    async def takes(self, _: CarrierRequest) -> bytes:
        """Accepts a message."""
        return self.accepted(self.id_of(f"{len(self.requests):032x}"))

    def id_of(self, name: str) -> str:
        """The carrier's id of a message, in the form that it gives ids."""
        return f"mdr2-{name}"

    def accepted(self, carrier_message_id: str) -> bytes:
        """The answer to an accepted message."""
        return accepted(carrier_message_id)

    def receipt(
        self, carrier_message_id: str, reports: str, send_token: str = ""
    ) -> pb.DeliveryReceipt:
        """A receipt, as the gateway hands it on; `reports` is one of `codes`."""
        return pb.DeliveryReceipt(
            carrier_message_id=carrier_message_id,
            send_token=send_token,
            carrier_code=self.codes[reports],
        )

    def open(self, parts: CarrierParts) -> AbstractAsyncContextManager[CarrierAdapter]:
        """The adapter that talks to it."""
        return open_flowroute(parts)

    def bodies(self) -> list[str]:
        """The bodies that arrived, in order."""
        return [request.body for request in self.requests]

    async def _answer(self, request: CarrierRequest) -> Answer:
        if request.path.startswith("/v2.2/messages?"):
            self.listings.append(request)
            return await self.records_script(request)
        self.requests.append(request)
        return await self.script(request)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        try:
            while parts := await _read(reader):
                request = self.requests_are(*parts)
                answer = await self._answer(request)
                if answer is None:
                    writer.transport.abort()
                    return
                async for piece in _pieces(answer) if isinstance(answer, bytes) else answer:
                    writer.write(piece)
                    await writer.drain()
                if self.hangs_up:
                    return
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()


def _always(answer: Answer) -> Script:
    async def script(_: CarrierRequest) -> Answer:
        return answer

    return script


async def _pieces(answer: bytes) -> AsyncIterator[bytes]:
    yield answer


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.splitlines()
    method, path, _ = first.split(" ")
    pairs = (line.split(":", 1) for line in lines if line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    return method, path, headers, content


@asynccontextmanager
async def scripted_carrier(
    kind: type[ScriptedCarrier] = ScriptedCarrier,
) -> AsyncIterator[ScriptedCarrier]:
    """A carrier on a free port."""
    carrier = kind()
    talks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            talks.add(task)
        await carrier.talk(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    carrier.url = f"http://{host}:{port}"
    try:
        yield carrier
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
