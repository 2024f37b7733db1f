"""Permissions: the conversation service may call every method, other principals none."""

from maskline.messaging.v1 import messaging_pb2
from runtime.grpc.authorization import Permissions

CONVERSATION_SERVICE = "conversation-service"

# One callers file may serve both services, so all roles are valid here.
ROLES = frozenset({"gateway", "client", "support", "operator", CONVERSATION_SERVICE})

TABLE: dict[str, tuple[str, ...]] = {
    "SendMessages": (CONVERSATION_SERVICE,),
    "GetMessage": (CONVERSATION_SERVICE,),
    "RecordDeliveryReceipts": (CONVERSATION_SERVICE,),
    "ListInboundRecords": (CONVERSATION_SERVICE,),
    "GetMedia": (CONVERSATION_SERVICE,),
    "FetchText": (CONVERSATION_SERVICE,),
    "ListAccountNumbers": (CONVERSATION_SERVICE,),
    "CheckAccount": (CONVERSATION_SERVICE,),
    "CheckAccess": (CONVERSATION_SERVICE,),
}

_SERVICE = messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"].full_name

RIGHTS = Permissions({f"/{_SERVICE}/{method}": frozenset(roles) for method, roles in TABLE.items()})
