"""Who may call what: the one table of roles and methods. What does not stand here nobody may do."""

from collections.abc import Iterable

from runtime.authorisation import Rights

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


RIGHTS = Rights(dict(_rows()), confined=CONFINED)
