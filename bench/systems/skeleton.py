"""The skeleton that Maskline is measured against: the same hops without any logic.

`python -m bench.systems.skeleton gateway|conversation|messaging PORT TARGET REDIS`; TARGET is the
address of the next hop.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import grpc
import httpx
import uvicorn
from fastapi import FastAPI
from grpc.aio import ServicerContext
from pydantic import BaseModel
from redis.asyncio import Redis

from maskline.ingest.v1 import ingest_pb2
from maskline.ingest.v1 import ingest_pb2_grpc as ingest_rpc
from maskline.messaging.v1 import messaging_pb2 as messaging
from maskline.messaging.v1 import messaging_pb2_grpc as messaging_rpc

Context = ServicerContext[object, object]

Entry = tuple[bytes, dict[bytes, bytes]]

STREAM, GROUP = "skeleton:outbox", "skeleton"

COMMIT = """
if redis.call("SET", KEYS[1], "", "NX", "PX", 3600000) then
  redis.call("HINCRBY", KEYS[2], "texts", 1)
  redis.call("XADD", KEYS[3], "*", "to", ARGV[1], "from", ARGV[2], "body", ARGV[3], "id", ARGV[4])
end
return "done"
"""

WORKER_BATCH = 64


class Callback(BaseModel):
    """An inbound message in the flat shape."""

    id: str
    to: str
    body: str
    sender: str


class Taken(BaseModel):
    """The response to a callback."""

    ok: bool


def gateway(target: str) -> FastAPI:
    """Makes one gRPC call per callback."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with grpc.aio.insecure_channel(target) as channel:
            app.state.stub = ingest_rpc.IngestServiceStub(channel)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/message")
    async def message(callback: Callback) -> Taken:
        item = ingest_pb2.InboundMessage(
            carrier_message_id=callback.id,
            from_number=callback.sender,
            to_number=callback.to,
            body=callback.body,
        )
        request = ingest_pb2.IngestMessagesRequest(messages=[item])
        await app.state.stub.IngestMessages(request)
        return Taken(ok=True)

    return app


class Conversation:
    """Runs one script per message, and a worker that sends the outbox."""

    def __init__(self, redis: Redis, target: str) -> None:
        self._redis = redis
        self._commit = redis.register_script(COMMIT)
        channel = grpc.aio.insecure_channel(target)
        self._messaging = messaging_rpc.MessagingServiceStub(channel)

    async def IngestMessages(
        self, request: ingest_pb2.IngestMessagesRequest, context: Context
    ) -> ingest_pb2.IngestMessagesResponse:
        [message] = request.messages
        message_id, sender = message.carrier_message_id, message.from_number
        keys = [f"skeleton:{message_id}", f"skeleton:{sender}", STREAM]
        fields = [sender, message.to_number, message.body, message_id]
        await self._commit(keys, fields)
        return ingest_pb2.IngestMessagesResponse()

    async def work(self) -> None:
        """Sends the outbox in batches."""
        await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        while True:
            reply = await self._redis.xreadgroup(
                GROUP, "worker", {STREAM: ">"}, count=WORKER_BATCH, block=1000
            )
            streams = cast("list[tuple[bytes, list[Entry]]]", reply or [])
            entries = [entry for _, batch in streams for entry in batch]
            await asyncio.gather(*(self._send(fields) for _, fields in entries))
            if entries:
                await self._redis.xack(STREAM, GROUP, *(entry_id for entry_id, _ in entries))

    async def _send(self, fields: dict[bytes, bytes]) -> None:
        message = messaging.OutboundMessage(
            message_id=fields[b"id"].decode(),
            from_number=fields[b"from"].decode(),
            to_number=fields[b"to"].decode(),
            body=fields[b"body"].decode(),
        )
        await self._messaging.SendMessages(messaging.SendMessagesRequest(messages=[message]))


class Messaging:
    """Makes one POST per message."""

    def __init__(self, carrier_url: str) -> None:
        limits = httpx.Limits(max_connections=64)
        self._http = httpx.AsyncClient(base_url=carrier_url, auth=("key", "key"), limits=limits)

    async def SendMessages(
        self, request: messaging.SendMessagesRequest, context: Context
    ) -> messaging.SendMessagesResponse:
        [message] = request.messages
        attributes = {"to": message.to_number, "from": message.from_number, "body": message.body}
        body = {"data": {"type": "message", "attributes": attributes}}
        (await self._http.post("/v2.2/messages", json=body)).raise_for_status()
        return messaging.SendMessagesResponse()


async def serve_conversation(port: int, target: str, redis_url: str) -> None:
    """Serves the RPC and runs the worker."""
    servicer = Conversation(Redis.from_url(redis_url, protocol=2), target)
    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(
        servicer.IngestMessages,
        ingest_pb2.IngestMessagesRequest.FromString,
        ingest_pb2.IngestMessagesResponse.SerializeToString,
    )
    name = ingest_pb2.DESCRIPTOR.services_by_name["IngestService"].full_name
    handler = grpc.method_handlers_generic_handler(name, {"IngestMessages": method})
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await servicer.work()


async def serve_messaging(port: int, carrier_url: str) -> None:
    """Serves the RPC."""
    servicer = Messaging(carrier_url)
    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(
        servicer.SendMessages,
        messaging.SendMessagesRequest.FromString,
        messaging.SendMessagesResponse.SerializeToString,
    )
    name = messaging.DESCRIPTOR.services_by_name["MessagingService"].full_name
    handler = grpc.method_handlers_generic_handler(name, {"SendMessages": method})
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


def main() -> None:
    """Runs one hop."""
    role, port, target, redis_url = sys.argv[1:]
    if role == "gateway":
        app = gateway(target)
        uvicorn.run(app, port=int(port), log_level="error", access_log=False)
    elif role == "conversation":
        asyncio.run(serve_conversation(int(port), target, redis_url))
    else:
        asyncio.run(serve_messaging(int(port), target))


if __name__ == "__main__":
    main()
