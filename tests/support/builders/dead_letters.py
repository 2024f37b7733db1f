"""Dead letters of a running conversation service."""

from collections.abc import Sequence

from conversation_service.store.keyspace.keys import Keys
from maskline.admin.v1 import dead_letter_pb2 as pb
from maskline.admin.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask
from support.builders.conversations import POOL
from support.eventually import eventually
from support.fakes.scripted_messaging import item_error
from support.services.conversation_service import RunningService

# A result of the messaging service that makes a message a dead letter.
REJECTED = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REJECTED,
    state=messaging_pb2.MESSAGE_STATE_FAILED,
    error=item_error("INVALID_ARGUMENT"),
)


async def damaged(service: RunningService, message_id: str = "unknown") -> None:
    """Adds an entry that cannot be decrypted to the outbox."""
    outbox = Keys(POOL.name).outbox
    await service.redis.xadd(outbox, {"message": message_id, "at": "1", "text": "junk"})


async def dead_letters(service: RunningService, number: int) -> Sequence[pb.DeadLetter]:
    """All dead letters, once there are at least this many."""
    stub = DeadLetterServiceStub(service.channel)

    async def listed() -> Sequence[pb.DeadLetter]:
        return (await ask(stub.ListDeadLetters, pb.ListDeadLettersRequest())).dead_letters

    async def are_enough() -> bool:
        return len(await listed()) >= number

    await eventually(are_enough)
    return await listed()
