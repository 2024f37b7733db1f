"""Permissions: the conversation service may call every method, other principals none."""

from maskline.messaging.v1 import carrier_pb2, messaging_pb2
from runtime.grpc.authorization import Permissions

CONVERSATION_SERVICE = "conversation-service"

# One callers file may serve both services, so all roles are valid here.
ROLES = frozenset({"gateway", "client", "support", "operator", CONVERSATION_SERVICE})

_SERVICES = (
    messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"],
    carrier_pb2.DESCRIPTOR.services_by_name["CarrierService"],
)

RIGHTS = Permissions(
    {
        f"/{service.full_name}/{method.name}": frozenset({CONVERSATION_SERVICE})
        for service in _SERVICES
        for method in service.methods
    }
)
