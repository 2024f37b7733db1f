"""How each refusal of looking something up and of watching comes about."""

from collections.abc import Callable

from conformance.kit.numbers import NOBODYS_NUMBER
from conformance.kit.own_pool import OwnPool, watch_request
from conformance.refusals.made import NO_POOL, NOTHING, TOO_LONG, Maker, Table
from google.protobuf.message import Message

from maskline.admin.v1 import dead_letter_pb2, maintenance_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2, message_pb2
from maskline.ingest.v1 import ingest_pb2

# As many as one replica serves.
WATCHERS_LIMIT = 64


def of_conversation(read: Callable[[str, str], Message]) -> dict[str, Maker]:
    """What all reads of one conversation have in common; `read` takes its pool and its id."""
    return {
        "INVALID_ARGUMENT": lambda own: read("", ""),
        "POOL_NOT_FOUND": lambda own: read(NO_POOL, NOTHING),
        "CONVERSATION_NOT_FOUND": lambda own: read("", NOTHING),
    }


def of_pool(read: Callable[[str], Message]) -> dict[str, Maker]:
    """What all reads of one pool have in common; `read` takes its name."""
    return {
        "INVALID_ARGUMENT": lambda own: read(TOO_LONG),
        "POOL_NOT_FOUND": lambda own: read(NO_POOL),
    }


def watching_among_many(own: OwnPool) -> Message:
    for _ in range(WATCHERS_LIMIT):
        responses = own.cleanup.enter_context(own.watch())
        assert next(responses).heartbeat
    return watch_request()


TABLE: Table = {
    "GetConversation": of_conversation(
        lambda pool, name: pb.GetConversationRequest(pool_id=pool, conversation_id=name)
    ),
    "ListMessages": of_conversation(
        lambda pool, name: message_pb2.ListMessagesRequest(pool_id=pool, conversation_id=name)
    ),
    "GetMessage": of_pool(
        lambda pool: message_pb2.GetMessageRequest(
            pool_id=pool, message_id=NOTHING if pool == NO_POOL else ""
        )
    )
    | {"MESSAGE_NOT_FOUND": lambda own: message_pb2.GetMessageRequest(message_id=NOTHING)},
    "ListEvents": of_conversation(
        lambda pool, name: event_pb2.ListEventsRequest(
            pool_id=pool, conversation_id=name, page_size=-1 if not name else 0
        )
    ),
    "ListConversations": of_pool(lambda pool: pb.ListConversationsRequest(pool_id=pool)),
    "WatchEvents": of_pool(
        lambda pool: event_pb2.WatchEventsRequest(
            pool_id=pool, start_position=event_pb2.START_POSITION_NOW
        )
    )
    | {"WATCH_LIMIT_REACHED": watching_among_many},
    "GetPool": of_pool(lambda pool: pool_pb2.GetPoolRequest(pool_id=pool)),
    "ListMaskedNumbers": of_pool(lambda pool: pool_pb2.ListMaskedNumbersRequest(pool_id=pool)),
    "GetMaskedNumber": of_pool(
        lambda pool: pool_pb2.GetMaskedNumberRequest(pool_id=pool, masked_number=NOBODYS_NUMBER)
    )
    | {
        "MASKED_NUMBER_NOT_FOUND": lambda own: pool_pb2.GetMaskedNumberRequest(
            masked_number=NOBODYS_NUMBER
        )
    },
    "CompareMaskedNumbers": of_pool(
        lambda pool: pool_pb2.CompareMaskedNumbersRequest(pool_id=pool)
    ),
    "GetPoolCapacity": of_pool(lambda pool: pool_pb2.GetPoolCapacityRequest(pool_id=pool)),
    "ListPools": {"INVALID_ARGUMENT": lambda own: pool_pb2.ListPoolsRequest(page_size=-1)},
    "ListDeadLetters": of_pool(lambda pool: dead_letter_pb2.ListDeadLettersRequest(pool_id=pool)),
    "GetOptOut": {"INVALID_ARGUMENT": lambda own: person_pb2.GetOptOutRequest()},
    "LookupParticipant": {
        "INVALID_ARGUMENT": lambda own: person_pb2.LookupParticipantRequest(),
        "POOL_NOT_FOUND": lambda own: person_pb2.LookupParticipantRequest(
            pool_id=NO_POOL, phone_number=own.person()
        ),
    },
    "ListBlocks": of_pool(lambda pool: person_pb2.ListBlocksRequest(pool_id=pool)),
    "ListStateKeys": {
        "INVALID_ARGUMENT": lambda own: maintenance_pb2.ListStateKeysRequest(continuation_token="x")
    },
    "GetErasure": {
        "INVALID_ARGUMENT": lambda own: person_pb2.GetErasureRequest(),
        "ERASURE_NOT_FOUND": lambda own: person_pb2.GetErasureRequest(erasure_id=NOTHING),
    },
    "GetMedia": {
        "INVALID_ARGUMENT": lambda own: ingest_pb2.GetMediaRequest(),
        "MEDIA_NOT_FOUND": lambda own: ingest_pb2.GetMediaRequest(media_token=NOTHING),
    },
}
