"""Who may call what: the one table of roles and methods. What does not stand here nobody may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from grpc.aio import ServicerContext

from runtime.grpc.authorization import Permissions, current_principal

GATEWAY = "gateway"

CLIENT = "client"

SUPPORT = "support"

OPERATOR = "operator"

# It calls the messaging service only; one file may list the callers of both.
CONVERSATION_SERVICE = "conversation-service"

ROLES = frozenset({GATEWAY, CLIENT, SUPPORT, OPERATOR, CONVERSATION_SERVICE})

SEES_NUMBERS = frozenset({OPERATOR})

# They keep to the pools that the file of callers gives them; what is about no single pool takes the
# right to all.
CONFINED = frozenset({CLIENT, SUPPORT})

_PACKAGE = "maskline.conversation.v1"

# Operators may call everything and stand in no row.
TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "ConversationService": {
        "ReceiveMessages": (GATEWAY,),
        "ReceiveDeliveryReceipts": (GATEWAY,),
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
        "GetTimeline": (CLIENT, SUPPORT),
        "WatchEvents": (CLIENT, SUPPORT),
    },
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
    # Opt-outs span all pools, and whether a number has opted out tells that it was texted.
    "OptOutService": {"OptOut": (), "OptIn": (), "GetOptOut": (SUPPORT,)},
    # Erasing spans all pools as well, and cannot be undone.
    "PersonService": {"ErasePerson": (), "GetErasure": (SUPPORT,)},
    "DeploymentService": {"CheckDeployment": (), "RotateKeys": ()},
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


RIGHTS = Permissions(dict(_rows()), pool_scoped=CONFINED)

Context = ServicerContext[object, object]


@dataclass(frozen=True, slots=True)
class Caller:
    """What a caller has the right to."""

    may_see_numbers: bool = False


class Callers(Protocol):
    """Tells callers apart."""

    def caller(self, context: Context) -> Caller:
        """Who makes this call."""
        ...


class NobodySpecial:
    """Every caller may do everything but see people's numbers."""

    def caller(self, context: Context) -> Caller:
        """See Callers."""
        return Caller()


class CallersByRole:
    """Callers as the guard of the door knows them; it has let nobody else in."""

    def caller(self, context: Context) -> Caller:
        """See Callers."""
        known = current_principal()
        return Caller(may_see_numbers=known is not None and known.role in SEES_NUMBERS)
