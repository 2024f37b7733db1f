"""Who was told who texts and how to opt out is remembered for 45 days, by keyed hash."""

from datetime import timedelta

from conversation_service.domain.templates.catalog import Template
from conversation_service.store.keyspace.keys import Keys
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, participants
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB,
    BOB_NUMBER,
    OTHER_MASKED,
    POOL,
    system_message,
)
from support.services.conversation_service import RunningService

OPENED = system_message(Template.OPENED)
SECONDS = timedelta(days=45) / timedelta(seconds=1)


async def open_silently(service: RunningService, *numbers: str, on: str = "") -> None:
    request = pb.CreateConversationRequest(
        participants=participants(*numbers), masked_number=on, silent=True
    )
    await ask(service.stub.CreateConversation, request)


async def test_a_silent_conversation_is_announced_to_new_people_once(
    service: RunningService,
) -> None:
    await open_silently(service, ALICE_NUMBER, BOB_NUMBER)
    await open_silently(service, ALICE_NUMBER, BOB_NUMBER, on=OTHER_MASKED)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == service.sent_to(BOB_NUMBER) == [OPENED]
    for person in (ALICE, BOB):
        key = Keys(POOL.name).introduced(person.participant_id)
        assert SECONDS - 60 <= await service.redis.ttl(key) <= SECONDS


async def test_who_started_by_text_is_not_told_again(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "start")
    await open_silently(service, ALICE_NUMBER, BOB_NUMBER, on=OTHER_MASKED)
    await service.quiet()
    assert len(service.sent_to(ALICE_NUMBER)) == 1
    assert service.sent_to(BOB_NUMBER) == [OPENED]


async def test_an_erased_person_is_told_again(service: RunningService) -> None:
    await open_silently(service, ALICE_NUMBER, BOB_NUMBER)
    await ask(service.people.ErasePerson, person_pb2.ErasePersonRequest(phone_number=ALICE_NUMBER))
    key = Keys(POOL.name).introduced(ALICE.participant_id)
    assert not await service.redis.exists(key)
