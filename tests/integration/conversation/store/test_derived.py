"""Neither ids of requests nor what words can be tried on lie in Redis."""

from hashlib import blake2b, md5, sha1, sha256

from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.store.conversations.repository import ConversationRepository
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import CALL_SECONDS, participants
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, pool_storage
from support.observation.marker_search import everything, found
from support.services.conversation_service import RunningService

WORDS = ("marked words of Alice", "marked words of Bob")
IDS = tuple(f"marked-request-{number}" for number in range(5))
# As short as the shortest digest that was ever kept.
DIGITS = 8


async def test_redis_has_no_ids_and_no_digests_of_words(service: RunningService) -> None:
    open_request = pb.CreateConversationRequest(
        request_id=IDS[0],
        pool_id="main",
        participants=participants(ALICE_NUMBER, BOB_NUMBER),
        silent=True,
    )
    opened = await service.stub.CreateConversation(open_request, timeout=CALL_SECONDS)
    conversation_id = opened.conversation.conversation_id
    messages = [service.text(*pair) for pair in zip((ALICE_NUMBER, BOB_NUMBER), WORDS, strict=True)]
    stop = service.text(CAROL_NUMBER, "stop")
    for message in (*messages, stop):
        await service.receive(message)
    await service.quiet()
    end = pb.EndConversationRequest(
        request_id=IDS[1], pool_id="main", conversation_id=conversation_id
    )
    await service.stub.EndConversation(end, timeout=CALL_SECONDS)
    for number, request_id in ((ALICE_NUMBER, IDS[2]), (CAROL_NUMBER, IDS[3])):
        out = person_pb2.OptOutPersonRequest(request_id=request_id, phone_number=number)
        await service.people.OptOutPerson(out, timeout=CALL_SECONDS)
    erase = person_pb2.ErasePersonRequest(request_id=IDS[4], phone_number=BOB_NUMBER)
    ended = await ConversationRepository(pool_storage(service.redis)).get(conversation_id)
    await service.people.ErasePerson(erase, timeout=CALL_SECONDS)

    assert ended is not None
    assert ended.loop_detector == LoopDetector()
    carrier_ids = [message.carrier_message_id for message in (*messages, stop)]
    digests = [
        digest
        for body in WORDS
        for function in (sha256, sha1, md5, blake2b)
        for digest in (function(body.encode()).hexdigest()[:DIGITS],)
    ]
    async for _, stored in everything(service.redis):
        assert found((*IDS, *WORDS, *carrier_ids), stored) == set()
        assert not any(digest.encode() in stored for digest in digests)
