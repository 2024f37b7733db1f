"""Conversations are listed by everything that staff may know of them, page by page."""

from collections.abc import Callable

import pytest

from conversation_service.application import queries
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import pool_pb2
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, MASKED, OTHER_MASKED

THIRD_MASKED = "+12065550102"
Names = dict[str, str]


async def several(service: RunningService) -> tuple[Names, pb.Participant]:
    """Conversations by a word for each, oldest first, and Alice as they know her."""
    waiting = pb.StartConversationRequest(
        phone_number=CAROL_NUMBER, masked_number=MASKED, unique_name="order-7"
    )
    active = await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.clock.move(seconds=1)
    ended = await service.open(BOB_NUMBER, ALICE_NUMBER, masked_number=OTHER_MASKED)
    await service.end(ended.conversation_id)
    service.clock.move(seconds=1)
    named = (await ask(service.stub.StartConversation, waiting)).conversation
    service.clock.move(seconds=1)
    other = (await service.start(CAROL_NUMBER, OTHER_MASKED)).conversation
    made = {"active": active, "ended": ended, "named": named, "other": other}
    names = {word: one.conversation_id for word, one in made.items()}
    return names, active.participants[0]


async def pages(service: RunningService, request: pb.ListConversationsRequest) -> list[list[str]]:
    """The ids on each page, until there is none."""
    found: list[list[str]] = []
    while not found or request.page_token:
        response = await ask(service.stub.ListConversations, request)
        found.append([one.conversation_id for one in response.conversations])
        request.page_token = response.next_page_token
    return found


async def listed(service: RunningService, request: pb.ListConversationsRequest) -> list[str]:
    return [one for page in await pages(service, request) for one in page]


Asked = Callable[[pb.Participant], pb.ListConversationsRequest]
FILTERS: list[tuple[Asked, list[str]]] = [
    (lambda _: pb.ListConversationsRequest(), ["other", "named", "ended", "active"]),
    (
        lambda _: pb.ListConversationsRequest(state=pb.CONVERSATION_STATE_WAITING),
        ["other", "named"],
    ),
    (lambda _: pb.ListConversationsRequest(state=pb.CONVERSATION_STATE_ACTIVE), ["active"]),
    (lambda _: pb.ListConversationsRequest(state=pb.CONVERSATION_STATE_ENDED), ["ended"]),
    (lambda _: pb.ListConversationsRequest(masked_number=MASKED), ["named", "active"]),
    (lambda _: pb.ListConversationsRequest(masked_number=THIRD_MASKED), []),
    (lambda _: pb.ListConversationsRequest(unique_name="order-7"), ["named"]),
    (lambda _: pb.ListConversationsRequest(unique_name="order-8"), []),
    (lambda _: pb.ListConversationsRequest(phone_number=ALICE_NUMBER), ["ended", "active"]),
    (lambda _: pb.ListConversationsRequest(phone_number="+14255550199"), []),
    (
        lambda alice: pb.ListConversationsRequest(participant_id=alice.participant_id),
        ["ended", "active"],
    ),
    (lambda _: pb.ListConversationsRequest(participant_id="nobody"), []),
    (
        lambda alice: pb.ListConversationsRequest(
            participant_id=alice.participant_id,
            state=pb.CONVERSATION_STATE_ENDED,
            masked_number=OTHER_MASKED,
        ),
        ["ended"],
    ),
    (
        lambda _: pb.ListConversationsRequest(
            unique_name="order-7", state=pb.CONVERSATION_STATE_ACTIVE
        ),
        [],
    ),
]


async def test_each_filter_finds_what_fits_newest_first_however_small_the_pages(
    service: RunningService,
) -> None:
    names, alice = await several(service)
    for asked, words in FILTERS:
        expected = [names[word] for word in words]
        assert await listed(service, asked(alice)) == expected
        small = asked(alice)
        small.page_size = 1
        assert await listed(service, small) == expected


async def test_a_page_is_full_unless_it_is_the_last(service: RunningService) -> None:
    await several(service)
    found = await pages(service, pb.ListConversationsRequest(page_size=3))
    assert list(map(len, found)) == [3, 1]


async def test_what_begins_while_somebody_turns_pages_shifts_none_of_them(
    service: RunningService,
) -> None:
    names, _ = await several(service)
    first = await ask(service.stub.ListConversations, pb.ListConversationsRequest(page_size=2))
    service.clock.move(seconds=1)
    await service.start("+14255550199")
    rest = pb.ListConversationsRequest(page_token=first.next_page_token)
    assert await listed(service, rest) == [names["ended"], names["active"]]


async def test_a_search_that_finds_nothing_for_long_leads_on_instead_of_going_on(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "EXAMINED_LIMIT", 2)
    monkeypatch.setattr(queries, "CHUNK", 1)
    names, _ = await several(service)
    found = await pages(service, pb.ListConversationsRequest(state=pb.CONVERSATION_STATE_ACTIVE))
    assert found == [[], [names["active"]], []]


async def test_a_list_by_person_knows_numbers_that_another_replica_has_added(
    service: RunningService, another: RunningService
) -> None:
    await ask(service.pools.AddNumber, pool_pb2.AddNumberRequest(masked_number=THIRD_MASKED))
    opened = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=THIRD_MASKED)
    request = pb.ListConversationsRequest(phone_number=ALICE_NUMBER)
    assert await listed(another, request) == [opened.conversation_id]
