"""Several replicas of the conversation service as processes, and a pool that one test has."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

import grpc
from google.protobuf.duration_pb2 import Duration

from conversation_service.rpc.core.status import DOMAIN
from maskline.admin.v1 import pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.ingest.v1 import ingest_pb2
from support.builders.conversation_calls import participants
from support.net.grpc_calls import reason
from support.net.ports import free_port

if TYPE_CHECKING:
    from maskline.admin.v1.pool_pb2_grpc import PoolServiceAsyncStub
    from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceAsyncStub
    from maskline.conversation.v1.event_pb2_grpc import EventServiceAsyncStub
    from maskline.ingest.v1.ingest_pb2_grpc import IngestServiceAsyncStub

POOLS = Path(__file__).parents[4] / "deploy" / "pools.toml"
# A limit for a machine that is busy with something else; nothing is ever asserted about speed.
CALL_SECONDS = 30.0

Answer = TypeVar("Answer")


def start_replica(redis_url: str, listen: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "conversation_service"],
        env={
            "PATH": os.environ["PATH"],
            "CONVERSATION_POOLS_FILE": str(POOLS),
            "CONVERSATION_REDIS_URL": redis_url,
            "CONVERSATION_LISTEN": listen,
            # Nobody is there: texts are not sent, which changes nothing here.
            "CONVERSATION_MESSAGING_TARGET": f"127.0.0.1:{free_port()}",
        },
        stdout=subprocess.DEVNULL,
    )


@dataclass
class Replicas:
    """All replicas, and a pool that only one test uses."""

    conversations: "list[ConversationServiceAsyncStub]"
    ingest: "list[IngestServiceAsyncStub]"
    pools: "list[PoolServiceAsyncStub]"
    events: "list[EventServiceAsyncStub]"
    pool: str

    @property
    def in_turn(self) -> "Iterator[ConversationServiceAsyncStub]":
        return cycle(self.conversations)

    async def create_pool(self, numbers: Sequence[str]) -> None:
        request = pool_pb2.CreatePoolRequest(
            request_id=str(uuid4()),
            pool_id=self.pool,
            settings=pool_pb2.PoolSettings(
                operator_name="Races",
                contact="help@example.org",
                lifecycle=pool_pb2.LifecycleSettings(cool_off=Duration()),
            ),
            masked_numbers=numbers,
        )
        await self.pools[0].CreatePool(request, timeout=CALL_SECONDS)

    def opening(
        self, people: Sequence[str], masked_number: str = "", unique_name: str = ""
    ) -> pb.CreateConversationRequest:
        """A request of its own."""
        return pb.CreateConversationRequest(
            request_id=str(uuid4()),
            pool_id=self.pool,
            participants=participants(*people),
            masked_number=masked_number,
            unique_name=unique_name,
            silent=True,
        )

    async def open_all(
        self, requests: Sequence[pb.CreateConversationRequest]
    ) -> list[pb.CreateConversationResponse | str]:
        """All of them at once, each through the next replica."""
        calls = zip(self.in_turn, requests, strict=False)
        return await asyncio.gather(
            *(
                answer_of(stub.CreateConversation(request, timeout=CALL_SECONDS))
                for stub, request in calls
            )
        )

    async def text(self, person: str, number: str, body: str, through: int) -> None:
        """A text comes in through one of the replicas."""
        name = f"mdr2-{uuid4().hex}"
        message = ingest_pb2.InboundMessage(
            carrier_message_id=name, from_number=person, to_number=number, body=body
        )
        request = ingest_pb2.IngestMessagesRequest(messages=[message])
        await self.ingest[through].IngestMessages(request, timeout=CALL_SECONDS)

    async def live(self) -> list[pb.Conversation]:
        request = pb.ListConversationsRequest(pool_id=self.pool, page_size=500)
        listed = await self.conversations[0].ListConversations(request, timeout=CALL_SECONDS)
        over = pb.CONVERSATION_STATE_ENDED
        return [conversation for conversation in listed.conversations if conversation.state != over]

    async def end(self, conversations: Sequence[pb.Conversation]) -> None:
        for conversation in conversations:
            name = conversation.conversation_id
            request = pb.EndConversationRequest(
                request_id=str(uuid4()), pool_id=self.pool, conversation_id=name
            )
            await self.conversations[0].EndConversation(request, timeout=CALL_SECONDS)

    async def add_number(self, number: str) -> None:
        request = pool_pb2.AddMaskedNumberRequest(
            request_id=str(uuid4()), pool_id=self.pool, masked_number=number
        )
        await self.pools[0].AddMaskedNumber(request, timeout=CALL_SECONDS)

    async def remove_number(
        self, number: str, through: int
    ) -> pool_pb2.RemoveMaskedNumberResponse | str:
        request = pool_pb2.RemoveMaskedNumberRequest(
            request_id=str(uuid4()), pool_id=self.pool, masked_number=number
        )
        return await answer_of(
            self.pools[through].RemoveMaskedNumber(request, timeout=CALL_SECONDS)
        )


async def answer_of(call: Awaitable[Answer]) -> Answer | str:
    """A response, or the reason of a refusal."""
    try:
        return await call
    except grpc.aio.AioRpcError as refusal:
        return reason(refusal, DOMAIN)
