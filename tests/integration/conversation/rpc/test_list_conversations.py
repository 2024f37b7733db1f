"""ListConversations: filters and pages."""

from maskline.admin.v1 import pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, participants
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
)
from support.builders.erasing import lookup
from support.services.conversation_service import RunningService

THIRD_MASKED, DAVE_NUMBER, EVE_NUMBER = "+12065550102", "+14255550144", "+14255550155"
LIVE = [
    pb.CONVERSATION_STATE_WAITING,
    pb.CONVERSATION_STATE_ACTIVE,
    pb.CONVERSATION_STATE_PAUSED,
]
Ids = dict[str, str]


async def several(service: RunningService) -> tuple[Ids, pb.Participant]:
    """The ids of conversations by a label, oldest first, and Alice as a participant."""
    waiting = pb.CreateConversationRequest(
        participants=participants(CAROL_NUMBER), masked_number=MASKED, unique_name="order-7"
    )
    active = await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.clock.move(seconds=1)
    ended = await service.open(
        BOB_NUMBER, ALICE_NUMBER, masked_number=OTHER_MASKED, unique_name="order-7"
    )
    await service.end(ended.conversation_id)
    service.clock.move(seconds=1)
    paused = await service.open(DAVE_NUMBER, EVE_NUMBER)
    pause = pb.PauseConversationRequest(conversation_id=paused.conversation_id)
    await ask(service.stub.PauseConversation, pause)
    service.clock.move(seconds=1)
    named = (await ask(service.stub.CreateConversation, waiting)).conversation
    service.clock.move(seconds=1)
    other = (await service.start(CAROL_NUMBER, OTHER_MASKED)).conversation
    conversations = {
        "active": active,
        "ended": ended,
        "paused": paused,
        "named": named,
        "other": other,
    }
    ids = {label: conversation.conversation_id for label, conversation in conversations.items()}
    return ids, active.participants[0]


async def pages(service: RunningService, request: pb.ListConversationsRequest) -> list[list[str]]:
    """The ids on each page."""
    pages: list[list[str]] = []
    while not pages or request.page_token:
        response = await ask(service.stub.ListConversations, request)
        pages.append([conversation.conversation_id for conversation in response.conversations])
        request.page_token = response.next_page_token
    return pages


async def listed(service: RunningService, request: pb.ListConversationsRequest) -> list[str]:
    return [conversation_id for page in await pages(service, request) for conversation_id in page]


# Filters, and the labels of the matching conversations. ALICE stands for her participant id.
ALICE = "alice"
FILTERS: list[tuple[dict[str, object], list[str]]] = [
    ({}, ["other", "named", "paused", "ended", "active"]),
    ({"states": [pb.CONVERSATION_STATE_WAITING]}, ["other", "named"]),
    ({"states": [pb.CONVERSATION_STATE_ACTIVE]}, ["active"]),
    ({"states": [pb.CONVERSATION_STATE_PAUSED]}, ["paused"]),
    ({"states": [pb.CONVERSATION_STATE_ENDED]}, ["ended"]),
    ({"states": LIVE}, ["other", "named", "paused", "active"]),
    ({"masked_number": MASKED}, ["named", "paused", "active"]),
    ({"masked_number": THIRD_MASKED}, []),
    ({"unique_name": "order-7"}, ["named", "ended"]),
    ({"unique_name": "order-7", "states": [pb.CONVERSATION_STATE_ENDED]}, ["ended"]),
    ({"unique_name": "order-7", "states": [pb.CONVERSATION_STATE_ACTIVE]}, []),
    ({"unique_name": "order-8"}, []),
    ({"participant_id": ALICE}, ["ended", "active"]),
    ({"participant_id": ALICE, "masked_number": OTHER_MASKED}, ["ended"]),
    ({"participant_id": ALICE, "states": [pb.CONVERSATION_STATE_ACTIVE]}, ["active"]),
    ({"participant_id": "nobody"}, []),
]


async def test_each_filter_lists_matching_conversations_newest_first_with_any_page_size(
    service: RunningService,
) -> None:
    ids, alice = await several(service)
    for fields, labels in FILTERS:
        request = pb.ListConversationsRequest()
        for name, value in fields.items():
            if isinstance(value, list):
                request.states.extend(value)
            else:
                setattr(request, name, alice.participant_id if value == ALICE else value)
        expected = [ids[label] for label in labels]
        for request.page_size in (1, 0):
            assert await listed(service, request) == expected, fields


async def test_a_new_conversation_does_not_shift_the_next_pages(service: RunningService) -> None:
    ids, _ = await several(service)
    first = await ask(service.stub.ListConversations, pb.ListConversationsRequest(page_size=2))
    service.clock.move(seconds=1)
    await service.start("+14255550199")
    rest = pb.ListConversationsRequest(page_token=first.next_page_token)
    assert await listed(service, rest) == [ids["paused"], ids["ended"], ids["active"]]


async def test_a_list_by_person_includes_numbers_that_another_replica_has_added(
    service: RunningService, another: RunningService
) -> None:
    await ask(
        service.pools.AddMaskedNumber, pool_pb2.AddMaskedNumberRequest(masked_number=THIRD_MASKED)
    )
    opened = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=THIRD_MASKED)
    looked_up = await lookup(another, ALICE_NUMBER)
    assert list(looked_up.conversation_ids) == [opened.conversation_id]
    request = pb.ListConversationsRequest(participant_id=looked_up.participant_id)
    assert await listed(another, request) == [opened.conversation_id]
