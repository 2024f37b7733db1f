"""Looks at the service's whole state, over gRPC."""

from collections import Counter
from datetime import UTC

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import opt_out_pb2, person_pb2, pool_pb2

from model.people import PEOPLE
from model.reference.state import Model, PoolModel
from model.reference.records import Erased
from model.checks.views import known, participant_id, shown
from model.deployment import World

PAGE = 500
# Of which it is asked each time.
ERASURES = 3


async def learn_ids(world: World, model: Model) -> None:
    """Finds the conversations that texts have begun: each is listed as the model has it."""
    nameless = [talk for talk in model.talks if not talk.conversation_id]
    for pool in {talk.pool for talk in nameless}:
        names = {talk.conversation_id for talk in model.talks}
        fresh = [one for one in await listed(world, pool) if one.conversation_id not in names]
        for talk in (talk for talk in nameless if talk.pool == pool):
            same = (at for at, one in enumerate(fresh) if shown(one) == known(talk))
            at = next(same, None)
            assert at is not None, f"{known(talk)} is not among {list(map(shown, fresh))}"
            talk.conversation_id = fresh.pop(at).conversation_id


async def same_state(world: World, model: Model) -> None:
    """Everything is as the model has it."""
    for pool in model.pools:
        await same_pool(world, model, pool)
    for person in PEOPLE:
        await same_wish(world, model, person)
    await same_erasures(world, model)


async def same_pool(world: World, model: Model, name: str) -> None:
    """Conversations, numbers and counts are as the model has them."""
    pool, found = model.pools[name], await listed(world, name)
    _nobody_twice(found)
    _no_blocked_pair(found, pool)
    seen = {one.conversation_id: shown(one) for one in found}
    expected = {one.conversation_id: known(one) for one in model.talks if one.pool == name}
    assert seen == expected, f"there is {seen}, expected {expected}"
    await _same_numbers(world, model, pool)
    await _same_advice(world, model, pool)


async def same_wish(world: World, model: Model, person: str) -> None:
    """A person has opted out or not as the model has it."""
    request = opt_out_pb2.GetOptOutRequest(phone_number=person)
    answer = await world.ask(request, opt_out_pb2.GetOptOutResponse)
    assert not isinstance(answer, str)
    assert answer.state.is_opted_out == (person in model.opted_out), "a wish has been lost"


async def same_erasures(world: World, model: Model) -> None:
    """The last erasures took as much as the model has it."""
    for name, expected in list(model.erasures.items())[-ERASURES:]:
        request = person_pb2.GetErasureRequest(erasure_id=name)
        answer = await world.ask(request, person_pb2.GetErasureResponse)
        assert not isinstance(answer, str), answer
        made = answer.erasure
        found = Erased(
            made.erase_time.ToDatetime(tzinfo=UTC), made.erased_conversations, made.dropped_texts
        )
        assert found == expected, f"{found}, expected {expected}"


async def listed(world: World, pool: str) -> list[pb.Conversation]:
    """All that a pool keeps."""
    request = pb.ListConversationsRequest(pool=pool, page_size=PAGE)
    response = await world.ask(request, pb.ListConversationsResponse)
    assert not isinstance(response, str), response
    assert not response.next_page_token
    return list(response.conversations)


def _live(listed: list[pb.Conversation]) -> list[pb.Conversation]:
    return [one for one in listed if one.state != pb.CONVERSATION_STATE_ENDED]


def _nobody_twice(listed: list[pb.Conversation]) -> None:
    lines = Counter(
        (one.masked_number, person.participant_id)
        for one in _live(listed)
        for person in one.participants
    )
    assert not lines or max(lines.values()) == 1, "somebody is in two conversations on a number"


def _no_blocked_pair(listed: list[pb.Conversation], pool: PoolModel) -> None:
    blocked = {frozenset(participant_id(pool.name, one) for one in pair) for pair in pool.blocked}
    talks = [one for one in _live(listed) if one.conversation_id not in pool.spared]
    pairs = {frozenset(one.participant_id for one in talk.participants) for talk in talks}
    assert not blocked & pairs, "two who must not meet are in a conversation"


async def _same_numbers(world: World, model: Model, pool: PoolModel) -> None:
    request = pool_pb2.ListNumbersRequest(pool=pool.name)
    response = await world.ask(request, pool_pb2.ListNumbersResponse)
    assert not isinstance(response, str)
    live = Counter(talk.number for talk in model.live_talks() if talk.pool == pool.name)
    found = [
        (one.phone_number, one.state, one.is_reserved, one.live_conversations)
        for one in response.numbers
    ]
    assert found == [
        (
            number,
            pool_pb2.NUMBER_STATE_ACTIVE if one.accepts_new else pool_pb2.NUMBER_STATE_DRAINING,
            one.is_reserved,
            live[number],
        )
        for number, one in pool.numbers.items()
    ]


async def _same_advice(world: World, model: Model, pool: PoolModel) -> None:
    request = pool_pb2.GetPoolAdviceRequest(pool=pool.name)
    advice = await world.ask(request, pool_pb2.GetPoolAdviceResponse)
    assert not isinstance(advice, str)
    talks = [talk for talk in model.live_talks() if talk.pool == pool.name]
    held = Counter(person for talk in talks for person in talk.people)
    most = max(held.values(), default=0)
    available = sum(one.accepts_new and not one.is_reserved for one in pool.numbers.values())
    assert advice.available_numbers == available
    assert advice.live_conversations == len(talks)
    assert advice.most_held_by_one_person == most
    assert advice.needed_numbers == most + 1
    assert advice.HasField("exhaustion_time") == (most >= available)
