"""The gRPC client for all services of a deployment."""

from typing import TypeVar, cast

import grpc
import typer
from google.protobuf.message import Message
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from maskline.admin.v1 import dead_letter_pb2, maintenance_pb2, person_pb2, pool_pb2
from maskline.admin.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.admin.v1.maintenance_pb2_grpc import MaintenanceServiceStub
from maskline.admin.v1.person_pb2_grpc import PersonServiceStub
from maskline.admin.v1.pool_pb2_grpc import PoolServiceStub
from maskline.conversation.v1 import conversation_pb2, event_pb2
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.conversation.v1.event_pb2_grpc import EventServiceStub
from maskline_cli.connection.options import Options
from runtime.grpc.client import channel_options, headers
from runtime.reloading import ConfigFileError
from runtime.tls import channel_credentials, read_identity

SERVICES = tuple(
    file.DESCRIPTOR.services_by_name[name]
    for file, name in (
        (conversation_pb2, "ConversationService"),
        (event_pb2, "EventService"),
        (pool_pb2, "PoolService"),
        (person_pb2, "PersonService"),
        (dead_letter_pb2, "DeadLetterService"),
        (maintenance_pb2, "MaintenanceService"),
    )
)

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")


class CallFailed(Exception):
    """A failed call; `request_id` is empty unless the call changes something."""

    def __init__(self, error: grpc.RpcError, target: str, request_id: str = "") -> None:
        super().__init__("a call failed")
        self.target = target
        # Blocking calls raise an object that is also a Call, which the stubs do not say.
        self.call = cast("grpc.Call", error)
        self.request_id = request_id


class Client:
    """One channel, with a deadline for every call."""

    def __init__(self, options: Options) -> None:
        """Connects with the first call."""
        self.options = options
        self._channel = _open_channel(options)
        self.headers = headers(options.credentials.token)
        self.conversations = ConversationServiceStub(self._channel)
        self.events = EventServiceStub(self._channel)
        self.pools = PoolServiceStub(self._channel)
        self.people = PersonServiceStub(self._channel)
        self.dead_letters = DeadLetterServiceStub(self._channel)
        self.deployment = MaintenanceServiceStub(self._channel)
        self.check_health = self._channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )

    @property
    def pool(self) -> str:
        """The pool to work on."""
        return self.options.pool

    def call(
        self, method: "grpc.UnaryUnaryMultiCallable[Request, Response]", request: Request
    ) -> Response:
        """Returns the response; raises CallFailed."""
        # The annotation is quoted as the class is generic in the stubs only.
        try:
            seconds = self.options.timeout_seconds
            return method(request, timeout=seconds, metadata=self.headers)
        except grpc.RpcError as error:
            request_id = getattr(request, "request_id", "")
            raise CallFailed(error, self.options.target, request_id) from error

    def close(self) -> None:
        """Cancels running calls."""
        self._channel.close()


def client_of(context: typer.Context) -> Client:
    """The client for the global options."""
    return cast("Client", context.obj)


def _open_channel(options: Options) -> grpc.Channel:
    files, arguments = options.credentials.tls, channel_options(SERVICES)
    if files is None:
        return grpc.insecure_channel(options.target, arguments)
    try:
        own_credentials = channel_credentials(read_identity(files))
    except ConfigFileError as error:
        raise typer.BadParameter(str(error)) from None
    return grpc.secure_channel(options.target, own_credentials, arguments)
