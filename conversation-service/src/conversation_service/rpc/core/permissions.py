"""Permissions: which roles may call which services and methods."""

from collections.abc import Iterable

from grpc.aio import ServicerContext

from conversation_service.application.number_lookups import Caller
from maskline.admin.v1 import dead_letter_pb2, maintenance_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2, event_pb2
from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.authorization import Permissions, current_principal

GATEWAY = "gateway"

CLIENT = "client"

SUPPORT = "support"

OPERATOR = "operator"

# Calls only the messaging service; one callers file may serve both services.
CONVERSATION_SERVICE = "conversation-service"

ROLES = frozenset({GATEWAY, CLIENT, SUPPORT, OPERATOR, CONVERSATION_SERVICE})

MAY_SEE_NUMBERS = frozenset({OPERATOR})

# Limited to the pools that the callers file gives them. A method that concerns no single pool
# requires the right to all pools.
POOL_SCOPED = frozenset({CLIENT, SUPPORT})

# What is served, and what the tables below are about.
SERVICES = (
    conversation_pb2.DESCRIPTOR.services_by_name["ConversationService"],
    event_pb2.DESCRIPTOR.services_by_name["EventService"],
    pool_pb2.DESCRIPTOR.services_by_name["PoolService"],
    person_pb2.DESCRIPTOR.services_by_name["PersonService"],
    dead_letter_pb2.DESCRIPTOR.services_by_name["DeadLetterService"],
    maintenance_pb2.DESCRIPTOR.services_by_name["MaintenanceService"],
    ingest_pb2.DESCRIPTOR.services_by_name["IngestService"],
)

# Operators may call every method of every service, so no row names them.
BY_SERVICE: dict[str, tuple[str, ...]] = {"IngestService": (GATEWAY,)}

# What has no row here or above is for operators only: it spans all pools, changes what all clients
# share, or cannot be undone.
BY_METHOD: dict[str, dict[str, tuple[str, ...]]] = {
    "ConversationService": {
        "CreateConversation": (CLIENT,),
        "JoinConversation": (CLIENT,),
        "UpdateConversation": (CLIENT,),
        "EndConversation": (CLIENT,),
        "SendMessage": (CLIENT,),
        "PauseConversation": (CLIENT,),
        "ResumeConversation": (CLIENT,),
        "ReopenConversation": (CLIENT,),
        "GetConversation": (CLIENT, SUPPORT),
        "ListConversations": (CLIENT, SUPPORT),
        "GetMessage": (CLIENT, SUPPORT),
        "ListMessages": (CLIENT, SUPPORT),
    },
    "EventService": {"ListEvents": (CLIENT, SUPPORT), "WatchEvents": (CLIENT, SUPPORT)},
    "PoolService": {
        "GetPool": (SUPPORT,),
        "ListPools": (SUPPORT,),
        "GetPoolCapacity": (SUPPORT,),
        "GetMaskedNumber": (SUPPORT,),
        "ListMaskedNumbers": (SUPPORT,),
    },
    # An opt-out discloses that a number was texted.
    "PersonService": {
        "LookupParticipant": (CLIENT, SUPPORT),
        "GetOptOut": (SUPPORT,),
        "GetErasure": (SUPPORT,),
        "ListBlocks": (SUPPORT,),
    },
    "DeadLetterService": {"ListDeadLetters": (SUPPORT,)},
    "MaintenanceService": {"ListStateKeys": (SUPPORT,)},
}


def _rows() -> Iterable[tuple[str, frozenset[str]]]:
    for service in SERVICES:
        of_service = BY_SERVICE.get(service.name, ())
        of_methods = BY_METHOD.get(service.name, {})
        for method in service.methods:
            roles = (OPERATOR, *of_service, *of_methods.get(method.name, ()))
            yield f"/{service.full_name}/{method.name}", frozenset(roles)


# With look-ups a client could find out whose number belongs to a participant id, so its entry in
# the callers file has to say `can_look_up_numbers`.
NUMBER_LOOKUPS = {"/maskline.admin.v1.PersonService/LookupParticipant": frozenset({CLIENT})}

PERMISSIONS = Permissions(dict(_rows()), pool_scoped=POOL_SCOPED, number_lookups=NUMBER_LOOKUPS)

Context = ServicerContext[object, object]


def current_caller() -> Caller:
    """The caller of the current RPC. Without authorization nobody is limited."""
    principal = current_principal()
    if principal is None:
        return Caller("anonymous", is_limited=False)
    return Caller(principal.name, is_limited=principal.role not in MAY_SEE_NUMBERS)


def may_see_numbers() -> bool:
    """Whether the caller of the current RPC may see phone numbers; never without authorization."""
    principal = current_principal()
    return principal is not None and principal.role in MAY_SEE_NUMBERS
