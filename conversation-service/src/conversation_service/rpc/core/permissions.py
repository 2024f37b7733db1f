"""Permissions: the one table of methods and roles. A method without a row is denied to all."""

from collections.abc import Iterable

from grpc.aio import ServicerContext

from conversation_service.application.number_lookups import Caller
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

_PACKAGE = "maskline.conversation.v1"

# Operators may call every method, so no row names them.
TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "ConversationService": {
        "ReceiveMessages": (GATEWAY,),
        "ReceiveDeliveryReceipts": (GATEWAY,),
        "CheckAccess": (GATEWAY,),
        "StartConversation": (CLIENT,),
        "OpenConversation": (CLIENT,),
        "JoinConversation": (CLIENT,),
        "EndConversation": (CLIENT,),
        "SendMessage": (CLIENT,),
        "PauseConversation": (CLIENT,),
        "ResumeConversation": (CLIENT,),
        "ReopenConversation": (CLIENT,),
        "GetConversation": (CLIENT, SUPPORT),
        "ListConversations": (CLIENT, SUPPORT),
        "ListMessages": (CLIENT, SUPPORT),
    },
    "EventService": {"ListEvents": (CLIENT, SUPPORT), "WatchEvents": (CLIENT, SUPPORT)},
    "PoolService": {
        "CreatePool": (),
        "GetPool": (SUPPORT,),
        "ListPools": (SUPPORT,),
        "UpdatePool": (),
        "AddNumber": (),
        "ListNumbers": (SUPPORT,),
        "DrainNumber": (),
        "RemoveNumber": (),
        "SyncNumbers": (),
        "GetPoolAdvice": (SUPPORT,),
    },
    # Opt-outs span all pools, and an opt-out discloses that a number was texted.
    "OptOutService": {"OptOut": (), "OptIn": (), "GetOptOut": (SUPPORT,)},
    # An erasure spans all pools and cannot be undone.
    "PersonService": {
        "LookupParticipant": (CLIENT, SUPPORT),
        "ErasePerson": (),
        "GetErasure": (SUPPORT,),
    },
    "DeploymentService": {"CheckDeployment": (), "RotateKeys": (), "AcceptRestore": ()},
    "DeadLetterService": {
        "ListDeadLetters": (SUPPORT,),
        "ReplayDeadLetter": (),
        "DropDeadLetter": (),
    },
    "MediaService": {"GetMedia": (GATEWAY,)},
}


def _rows() -> Iterable[tuple[str, frozenset[str]]]:
    for service, methods in TABLE.items():
        for method, roles in methods.items():
            yield f"/{_PACKAGE}.{service}/{method}", frozenset({OPERATOR, *roles})


# With look-ups a client could find out whose number belongs to a participant id, so its entry in
# the callers file has to say `can_look_up_numbers`.
NUMBER_LOOKUPS = {f"/{_PACKAGE}.PersonService/LookupParticipant": frozenset({CLIENT})}

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
