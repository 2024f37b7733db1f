"""A client of the conversation service, made of the stubs alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar, cast

import grpc
from conformance.kit.documented import METHODS
from conformance.kit.target import Target
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from maskline.admin.v1.maintenance_pb2_grpc import MaintenanceServiceStub
from maskline.admin.v1.person_pb2_grpc import PersonServiceStub
from maskline.admin.v1.pool_pb2_grpc import PoolServiceStub
from maskline.conversation.v1 import event_pb2 as pb
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.conversation.v1.event_pb2_grpc import EventServiceStub
from maskline.ingest.v1.ingest_pb2_grpc import IngestServiceStub

# A limit for a busy machine; nothing is asserted about speed.
CALL_SECONDS = 30.0

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")


@dataclass(frozen=True)
class Refusal:
    """A call that was refused: its status and the details that the contract promises."""

    code: grpc.StatusCode
    reason: str
    domain: str
    metadata: dict[str, str]
    # The wrong fields, of INVALID_ARGUMENT.
    fields: set[str] = field(default_factory=set)


class Client:
    """One caller's channel."""

    def __init__(self, target: Target, token: str) -> None:
        self.target = target
        self._channel = target.channel()
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self.conversations = ConversationServiceStub(self._channel)
        self.events = EventServiceStub(self._channel)
        self.ingest = IngestServiceStub(self._channel)
        self.pools = PoolServiceStub(self._channel)
        self.people = PersonServiceStub(self._channel)
        self.deployment = MaintenanceServiceStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def ask(
        self, method: "grpc.UnaryUnaryMultiCallable[Request, Response]", request: Request
    ) -> Response:
        """The response; raises grpc.RpcError."""
        # Quoted above: only the type stubs know that it is generic.
        return method(request, timeout=CALL_SECONDS, metadata=self._metadata)

    @contextmanager
    def watch(self, request: pb.WatchEventsRequest) -> Iterator[Iterator[pb.WatchEventsResponse]]:
        """The responses of a watch, which is cancelled behind the block."""
        watch = self.events.WatchEvents
        responses = watch(request, timeout=CALL_SECONDS, metadata=self._metadata)
        try:
            yield responses
        finally:
            responses.cancel()

    def invoke(self, request: Message) -> Message:
        """Calls the method whose request this is; of a watch it takes the first response."""
        if isinstance(request, pb.WatchEventsRequest):
            with self.watch(request) as responses:
                return next(responses)
        method = METHODS[type(request).__name__.removesuffix("Request")]
        call = self._channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=_bytes_of,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        return call(request, timeout=CALL_SECONDS, metadata=self._metadata)

    def refusal(self, request: Message) -> Refusal:
        """Why this request is refused; fails if it is not."""
        try:
            response = self.invoke(request)
        except grpc.RpcError as error:
            return refusal_of(error)
        raise AssertionError(f"{type(request).__name__} was not refused: {response}")


def refusal_of(error: grpc.RpcError) -> Refusal:
    """The details of a refusal."""
    # The error of a synchronous call is the call, too, which the type stubs do not say.
    call = cast("grpc.Call", error)
    status = rpc_status.from_call(call)
    assert status is not None, error
    return _details(call.code(), status)


def item_reason(error: Status) -> str:
    """The reason of an item of a batch; empty for an item that was not refused."""
    return _details(grpc.StatusCode.OK, error).reason


def _details(code: grpc.StatusCode, status: Status) -> Refusal:
    info, wrong = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        if not detail.Unpack(info):
            detail.Unpack(wrong)
    fields = {violation.field for violation in wrong.field_violations}
    return Refusal(code, info.reason, info.domain, dict(info.metadata), fields)


def _bytes_of(message: Message) -> bytes:
    return message.SerializeToString()
