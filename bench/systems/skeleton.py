"""The same hops as a textbook writes them, with no logic: what Maskline is measured against.

`python -m bench.systems.skeleton gateway|conversation|messaging PORT NEXT REDIS`; NEXT is where the next
hop listens.
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

from maskline.conversation.v1 import conversation_pb2 as conversation
from maskline.conversation.v1 import conversation_pb2_grpc as conversation_rpc
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
    """An inbound text, flat."""

    id: str
    to: str
    body: str
    sender: str


class Taken(BaseModel):
    """The answer to a callback."""

    ok: bool


def gateway(target: str) -> FastAPI:
    """One gRPC call a callback."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with grpc.aio.insecure_channel(target) as channel:
            app.state.stub = conversation_rpc.ConversationServiceStub(channel)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/message")
    async def message(callback: Callback) -> Taken:
        item = conversation.InboundMessage(
            carrier_message_id=callback.id,
            from_number=callback.sender,
            to_number=callback.to,
            body=callback.body,
        )
        request = conversation.ReceiveMessagesRequest(messages=[item])
        await app.state.stub.ReceiveMessages(request)
        return Taken(ok=True)

    return app


class Conversation:
    """One script a text, and a worker that hands texts on."""

    def __init__(self, redis: Redis, target: str) -> None:
        self._redis = redis
        self._commit = redis.register_script(COMMIT)
        channel = grpc.aio.insecure_channel(target)
        self._messaging = messaging_rpc.MessagingServiceStub(channel)

    async def ReceiveMessages(
        self, request: conversation.ReceiveMessagesRequest, context: Context
    ) -> conversation.ReceiveMessagesResponse:
        [text] = request.messages
        keys = [f"skeleton:{text.carrier_message_id}", f"skeleton:{text.from_number}", STREAM]
        fields = [text.from_number, text.to_number, text.body, text.carrier_message_id]
        await self._commit(keys, fields)
        return conversation.ReceiveMessagesResponse()

    async def work(self) -> None:
        """Hands on what is there, a batch at a time."""
        await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        while True:
            found = await self._redis.xreadgroup(
                GROUP, "worker", {STREAM: ">"}, count=WORKER_BATCH, block=1000
            )
            streams = cast("list[tuple[bytes, list[Entry]]]", found or [])
            entries = [entry for _, batch in streams for entry in batch]
            await asyncio.gather(*(self._send(fields) for _, fields in entries))
            if entries:
                await self._redis.xack(STREAM, GROUP, *(name for name, _ in entries))

    async def _send(self, fields: dict[bytes, bytes]) -> None:
        message = messaging.OutboundMessage(
            message_id=fields[b"id"].decode(),
            from_number=fields[b"from"].decode(),
            to_number=fields[b"to"].decode(),
            body=fields[b"body"].decode(),
        )
        await self._messaging.SendMessages(messaging.SendMessagesRequest(messages=[message]))


class Messaging:
    """One POST a text."""

    def __init__(self, carrier_url: str) -> None:
        limits = httpx.Limits(max_connections=64)
        self._http = httpx.AsyncClient(base_url=carrier_url, auth=("key", "key"), limits=limits)

    async def SendMessages(
        self, request: messaging.SendMessagesRequest, context: Context
    ) -> messaging.SendMessagesResponse:
        [text] = request.messages
        attributes = {"to": text.to_number, "from": text.from_number, "body": text.body}
        body = {"data": {"type": "message", "attributes": attributes}}
        (await self._http.post("/v2.2/messages", json=body)).raise_for_status()
        return messaging.SendMessagesResponse()


async def serve_conversation(port: int, target: str, redis_url: str) -> None:
    """The service and its worker in one process."""
    servicer = Conversation(Redis.from_url(redis_url, protocol=2), target)
    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(
        servicer.ReceiveMessages,
        conversation.ReceiveMessagesRequest.FromString,
        conversation.ReceiveMessagesResponse.SerializeToString,
    )
    name = conversation.DESCRIPTOR.services_by_name["ConversationService"].full_name
    handler = grpc.method_handlers_generic_handler(name, {"ReceiveMessages": method})
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await servicer.work()


async def serve_messaging(port: int, carrier_url: str) -> None:
    """The service alone."""
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
    """Runs one of the three."""
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
