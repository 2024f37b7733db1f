"""The service's whole state, read over gRPC."""

from collections import Counter
from datetime import UTC

from model.checks.views import participant_id, view_of_model, view_of_response
from model.deployment import Deployment
from model.people import PEOPLE
from model.reference.records import Conversation, ErasureRecord
from model.reference.state import Model, PoolModel

from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2

PAGE = 500
# The number of last erasures that each check compares.
ERASURES = 3


async def learn_ids(deployment: Deployment, model: Model) -> None:
    """Finds the conversations that messages have started: listed as the model has them."""
    without_id = [one for one in model.conversations if not one.conversation_id]
    for pool in {conversation.pool for conversation in without_id}:
        ids = {conversation.conversation_id for conversation in model.conversations}
        new = [one for one in await _listed(deployment, pool) if one.conversation_id not in ids]
        views = [view_of_response(one) for one in new]
        for conversation in without_id:
            if conversation.pool == pool:
                expected = view_of_model(conversation)
                assert expected in views, f"{expected} is not among {views}"
                index = views.index(expected)
                views.pop(index)
                conversation.conversation_id = new.pop(index).conversation_id


async def same_state(deployment: Deployment, model: Model) -> None:
    """All pools, people and erasures."""
    for pool in model.pools:
        await same_pool(deployment, model, pool)
    for person in PEOPLE:
        await same_opt_out(deployment, model, person)
    await same_erasures(deployment, model)


async def same_pool(deployment: Deployment, model: Model, name: str) -> None:
    """Conversations, numbers and capacity of a pool."""
    pool, listed = model.pools[name], await _listed(deployment, name)
    _no_route_used_twice(listed)
    _no_blocked_pair(listed, pool)
    shown = {one.conversation_id: view_of_response(one) for one in listed}
    expected = {
        conversation.conversation_id: view_of_model(conversation)
        for conversation in model.conversations
        if conversation.pool == name
    }
    assert shown == expected, f"there is {shown}, expected {expected}"
    for conversation in model.live_conversations():
        if conversation.pool == name and conversation.is_paused:
            await _same_held(deployment, conversation)
    await _same_numbers(deployment, model, pool)
    await _same_capacity(deployment, model, pool)


async def same_opt_out(deployment: Deployment, model: Model, person: str) -> None:
    request = person_pb2.GetOptOutRequest(phone_number=person)
    response = await deployment.call(request, person_pb2.GetOptOutResponse)
    assert not isinstance(response, str)
    assert response.opt_out.opted_out == (person in model.opted_out), "an opt-out differs"


async def same_erasures(deployment: Deployment, model: Model) -> None:
    """The last erasures deleted as much as the model expects."""
    for erasure_id, expected in list(model.erasures.items())[-ERASURES:]:
        request = person_pb2.GetErasureRequest(erasure_id=erasure_id)
        response = await deployment.call(request, person_pb2.GetErasureResponse)
        assert not isinstance(response, str), response
        erasure = response.erasure
        time = erasure.complete_time.ToDatetime(tzinfo=UTC)
        record = ErasureRecord(
            time, erasure.erased_conversation_count, erasure.dropped_message_count
        )
        assert record == expected, f"{record}, expected {expected}"


async def _listed(deployment: Deployment, pool: str) -> list[pb.Conversation]:
    request = pb.ListConversationsRequest(pool_id=pool, page_size=PAGE)
    response = await deployment.call(request, pb.ListConversationsResponse)
    assert not isinstance(response, str), response
    assert not response.next_page_token
    return list(response.conversations)


def _live(listed: list[pb.Conversation]) -> list[pb.Conversation]:
    ended = pb.CONVERSATION_STATE_ENDED
    return [conversation for conversation in listed if conversation.state != ended]


def _no_route_used_twice(listed: list[pb.Conversation]) -> None:
    routes = Counter(
        (conversation.masked_number, person.participant_id)
        for conversation in _live(listed)
        for person in conversation.participants
    )
    assert all(number == 1 for number in routes.values()), "two conversations use one route"


def _no_blocked_pair(listed: list[pb.Conversation], pool: PoolModel) -> None:
    blocked = {frozenset(participant_id(pool.name, one) for one in pair) for pair in pool.blocked}
    pairs = {
        frozenset(person.participant_id for person in conversation.participants)
        for conversation in _live(listed)
        if conversation.conversation_id not in pool.unaffected_by_block
    }
    assert not blocked & pairs, "a blocked pair is in a conversation"


async def _same_held(deployment: Deployment, conversation: Conversation) -> None:
    """As many messages are listed as held, and small pages list what a large one does."""
    listed = await _messages(deployment, conversation, PAGE)
    held = [one for one in listed if one.state == message_pb2.MESSAGE_STATE_HELD]
    assert len(held) == len(conversation.held), f"{len(held)} messages are held"
    ids = [message.message_id for message in listed]
    assert len(set(ids)) == len(ids), "a message is listed twice"
    assert await _messages(deployment, conversation, 2) == listed, "pages differ"


async def _messages(
    deployment: Deployment, conversation: Conversation, size: int
) -> list[message_pb2.Message]:
    request = message_pb2.ListMessagesRequest(
        pool_id=conversation.pool, conversation_id=conversation.conversation_id, page_size=size
    )
    listed: list[message_pb2.Message] = []
    while True:
        response = await deployment.call(request, message_pb2.ListMessagesResponse)
        assert not isinstance(response, str), response
        listed += response.messages
        request.page_token = response.next_page_token
        if not request.page_token:
            return listed


async def _same_numbers(deployment: Deployment, model: Model, pool: PoolModel) -> None:
    request = pool_pb2.ListMaskedNumbersRequest(pool_id=pool.name)
    response = await deployment.call(request, pool_pb2.ListMaskedNumbersResponse)
    assert not isinstance(response, str)
    live = Counter(one.number for one in model.live_conversations() if one.pool == pool.name)
    active, draining = pool_pb2.MASKED_NUMBER_STATE_ACTIVE, pool_pb2.MASKED_NUMBER_STATE_DRAINING
    assert [
        (one.phone_number, one.state, one.reserved, one.live_conversation_count)
        for one in response.masked_numbers
    ] == [
        (number, active if one.accepts_new else draining, one.is_reserved, live[number])
        for number, one in sorted(pool.numbers.items())
    ]


async def _same_capacity(deployment: Deployment, model: Model, pool: PoolModel) -> None:
    request = pool_pb2.GetPoolCapacityRequest(pool_id=pool.name)
    response = await deployment.call(request, pool_pb2.GetPoolCapacityResponse)
    assert not isinstance(response, str)
    capacity = response.pool_capacity
    live = [one for one in model.live_conversations() if one.pool == pool.name]
    per_person = Counter(person for conversation in live for person in conversation.people)
    most = max(per_person.values(), default=0)
    available = sum(one.accepts_new and not one.is_reserved for one in pool.numbers.values())
    assert capacity.available_number_count == available
    assert capacity.live_conversation_count == len(live)
    assert capacity.busiest_person_conversation_count == most
    assert capacity.needed_number_count == most + 1
    assert capacity.HasField("exhaustion_time") == (most >= available)
