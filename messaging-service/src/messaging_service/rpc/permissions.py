"""Who may call what: the conversation service everything, and nobody else anything."""

from maskline.messaging.v1 import messaging_pb2
from runtime.grpc.authorization import Permissions

CONVERSATION_SERVICE = "conversation-service"

# One file may list the callers of both services; the others have no right here.
ROLES = frozenset({"gateway", "client", "support", "operator", CONVERSATION_SERVICE})

TABLE: dict[str, tuple[str, ...]] = {
    "SendMessages": (CONVERSATION_SERVICE,),
    "GetMessage": (CONVERSATION_SERVICE,),
    "RecordDeliveryReceipts": (CONVERSATION_SERVICE,),
    "ListInboundRecords": (CONVERSATION_SERVICE,),
    "GetMedia": (CONVERSATION_SERVICE,),
    "ListAccountNumbers": (CONVERSATION_SERVICE,),
    "CheckAccount": (CONVERSATION_SERVICE,),
}

_SERVICE = messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"].full_name

RIGHTS = Permissions({f"/{_SERVICE}/{method}": frozenset(roles) for method, roles in TABLE.items()})
