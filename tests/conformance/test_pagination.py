"""Lists come in pages that together hold everything once, however small the pages are."""

from collections.abc import Callable, Sequence
from uuid import uuid4

import pytest
from google.protobuf.message import Message

from conformance.kit.documented import methods_with
from conformance.kit.numbers import (
    FULL_POOL_NUMBERS,
    MASKED_NUMBERS,
    RESERVED_NUMBER,
    SPARE_NUMBER,
)
from conformance.kit.own_pool import FULL_POOL, POOL, OwnPool
from maskline.admin.v1 import dead_letter_pb2, maintenance_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2, message_pb2

DEFAULT_PAGE, LARGEST_PAGE = 50, 500

Paged = (
    pb.ListConversationsRequest
    | message_pb2.ListMessagesRequest
    | event_pb2.ListEventsRequest
    | pool_pb2.ListMaskedNumbersRequest
    | pool_pb2.ListPoolsRequest
    | dead_letter_pb2.ListDeadLettersRequest
    | person_pb2.ListBlocksRequest
)


def conversations_of_somebody(own: OwnPool) -> Paged:
    person = own.person()
    for number in (*MASKED_NUMBERS, RESERVED_NUMBER):
        own.active(person, number)
    return pb.ListConversationsRequest(participant_id=own.participant_id(person))


def blocks_of_somebody(own: OwnPool) -> Paged:
    person = own.person()
    talks = [own.blocking(person, number) for number in (*MASKED_NUMBERS, RESERVED_NUMBER)]
    return person_pb2.ListBlocksRequest(participant_id=talks[0].participant_id)


def texted(own: OwnPool) -> str:
    """A conversation in which somebody has texted a few times."""
    talk = own.active()
    for body in ("one", "two", "three"):
        own.text(talk.people[0], talk.conversation.masked_number, body)
    return talk.conversation_id


# Requests of lists that hold three things or more, which nobody else changes meanwhile.
LISTS: dict[str, Callable[[OwnPool], Paged]] = {
    "ListConversations": conversations_of_somebody,
    "ListMessages": lambda own: message_pb2.ListMessagesRequest(conversation_id=texted(own)),
    "ListEvents": lambda own: event_pb2.ListEventsRequest(conversation_id=texted(own)),
    "ListMaskedNumbers": lambda own: pool_pb2.ListMaskedNumbersRequest(),
    "ListBlocks": blocks_of_somebody,
}
# Lists that others change, or that no client can fill; they have cases of their own.
OTHERS: dict[str, Callable[[OwnPool], Paged]] = {
    "ListPools": lambda own: pool_pb2.ListPoolsRequest(),
    "ListDeadLetters": lambda own: dead_letter_pb2.ListDeadLettersRequest(),
}
ALL = LISTS | OTHERS
NEXT = "next_page_token"
# Of each list, tokens that it never gave; those of IDS are ids and may be anything.
IDS = {"ListConversations", "ListBlocks", "ListPools"}
NO_TOKENS = ("x", "-1", "1" * 65, "é")


def paged(own: OwnPool, request: Paged, size: int) -> list[Sequence[Message]]:
    """All pages of a list, each with a token of its own."""
    pages, tokens, request.page_size, request.page_token = [], {""}, size, ""
    while True:
        response = own.invoke(request)
        pages.append(listed(response))
        request.page_token = str(getattr(response, NEXT))
        if not request.page_token:
            return pages
        assert request.page_token not in tokens
        tokens.add(request.page_token)


def listed(response: Message) -> Sequence[Message]:
    """What a page holds: its only repeated field."""
    [field] = (field for field in response.DESCRIPTOR.fields if field.name != NEXT)
    items: Sequence[Message] = getattr(response, field.name)
    return items


def id_of(item: Message) -> str:
    """Every item begins with what it is known by; states and counts may change meanwhile."""
    return str(getattr(item, item.DESCRIPTOR.fields[0].name))


def test_the_tables_have_every_method_with_pages() -> None:
    assert set(ALL) == methods_with("page_token")
    assert methods_with("page_size") == set(ALL)


@pytest.mark.parametrize("method", LISTS)
def test_small_pages_together_hold_what_one_large_page_holds(own: OwnPool, method: str) -> None:
    request = LISTS[method](own)
    [page] = paged(own, request, LARGEST_PAGE)
    whole = [id_of(item) for item in page]
    assert len(whole) >= 3
    for size in (1, 2):
        pages = paged(own, request, size)
        found = [id_of(item) for page in pages for item in page]
        # What is told of a text's way may have come to the end of a timeline meanwhile.
        assert found[: len(whole)] == whole
        assert len(set(found)) == len(found)
        assert all(len(page) <= size for page in pages)


@pytest.mark.parametrize("method", ALL)
def test_a_page_cannot_have_a_negative_size(own: OwnPool, method: str) -> None:
    request = ALL[method](own)
    request.page_size = -1
    refusal = own.client.refusal(own.filled(request))
    assert (refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", {"page_size"})


@pytest.mark.parametrize("method", sorted(set(ALL) - IDS))
@pytest.mark.parametrize("token", NO_TOKENS)
def test_a_token_that_no_list_gave_is_refused(own: OwnPool, method: str, token: str) -> None:
    request = ALL[method](own)
    request.page_token = token
    refusal = own.client.refusal(own.filled(request))
    assert (refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", {"page_token"})


@pytest.mark.parametrize("method", sorted(IDS))
def test_a_token_that_is_an_id_has_the_form_of_one(own: OwnPool, method: str) -> None:
    request = ALL[method](own)
    request.page_token = "x" * 65
    refusal = own.client.refusal(own.filled(request))
    assert (refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", {"page_token"})


def test_a_page_has_fifty_items_unless_asked_and_never_more_than_five_hundred(own: OwnPool) -> None:
    request = pool_pb2.ListMaskedNumbersRequest(pool_id=FULL_POOL)
    assert len(listed(own.invoke(request))) == DEFAULT_PAGE
    pages = paged(own, request, 2 * LARGEST_PAGE)
    assert [len(page) for page in pages] == [LARGEST_PAGE, LARGEST_PAGE]
    numbers = [
        number.phone_number
        for page in pages
        for number in page
        if isinstance(number, pool_pb2.MaskedNumber)
    ]
    assert numbers == sorted(FULL_POOL_NUMBERS)


def test_numbers_are_listed_by_their_digits_and_the_next_page_needs_no_former_one(
    own: OwnPool,
) -> None:
    first = pool_pb2.ListMaskedNumbersRequest(page_size=2)
    page = own.ask(own.client.pools.ListMaskedNumbers, first)
    numbers = [number.phone_number for number in page.masked_numbers]
    whole = own.ask(own.client.pools.ListMaskedNumbers, pool_pb2.ListMaskedNumbersRequest())
    listed_numbers = [number.phone_number for number in whole.masked_numbers]
    assert numbers == listed_numbers[:2]
    assert listed_numbers == sorted(listed_numbers)
    # As if the last number of the first page had been removed meanwhile.
    second = pool_pb2.ListMaskedNumbersRequest(page_token=SPARE_NUMBER)
    rest = own.ask(own.client.pools.ListMaskedNumbers, second).masked_numbers
    assert [number.phone_number for number in rest] == [
        number for number in listed_numbers if number > SPARE_NUMBER
    ]


def test_pools_are_listed_by_id_and_each_once(own: OwnPool) -> None:
    pages = paged(own, pool_pb2.ListPoolsRequest(), 1)
    names = [pool.pool_id for page in pages for pool in page if isinstance(pool, pool_pb2.Pool)]
    assert all(len(page) <= 1 for page in pages)
    assert names == sorted(set(names))
    assert {POOL, FULL_POOL} <= set(names)


def test_conversations_are_listed_newest_first_by_what_is_asked_for(own: OwnPool) -> None:
    person = own.person()
    older = own.active(person, MASKED_NUMBERS[0]).conversation
    ended = own.ended(person, MASKED_NUMBERS[1]).conversation
    named = own.active(person, RESERVED_NUMBER, unique_name=f"order {uuid4()}").conversation

    def newest(count: int, request: pb.ListConversationsRequest) -> list[str]:
        """An earlier run may have had conversations of the same person."""
        response = own.ask(own.client.conversations.ListConversations, request)
        return [conversation.conversation_id for conversation in response.conversations][:count]

    newest_first = [one.conversation_id for one in (named, ended, older)]
    participant = older.participants[0].participant_id
    assert own.participant_id(person) == participant
    assert newest(3, pb.ListConversationsRequest(participant_id=participant)) == newest_first
    by_name = pb.ListConversationsRequest(unique_name=named.unique_name)
    assert newest(2, by_name) == [named.conversation_id]
    own.end(named.conversation_id)
    again = own.active(unique_name=named.unique_name).conversation
    assert newest(3, by_name) == [again.conversation_id, named.conversation_id]
    states = [pb.CONVERSATION_STATE_ACTIVE, pb.CONVERSATION_STATE_PAUSED]
    for narrowed, expected in (
        (pb.ListConversationsRequest(states=states), older),
        (pb.ListConversationsRequest(states=[pb.CONVERSATION_STATE_ENDED]), named),
        (pb.ListConversationsRequest(masked_number=MASKED_NUMBERS[1]), ended),
    ):
        narrowed.participant_id = participant
        assert newest(1, narrowed) == [expected.conversation_id]


def test_dead_letters_of_the_suite_are_none(own: OwnPool) -> None:
    assert paged(own, dead_letter_pb2.ListDeadLettersRequest(), 1) == [[]]


def test_state_keys_are_counted_to_the_end_step_by_step(own: OwnPool) -> None:
    request, tokens, records = maintenance_pb2.ListStateKeysRequest(), set[str](), 0
    while request.continuation_token not in tokens:
        tokens.add(request.continuation_token)
        response = own.ask(own.client.deployment.ListStateKeys, request)
        records += sum(key.record_count for key in response.keys)
        request.continuation_token = response.continuation_token
    assert not request.continuation_token
    assert records > 0
