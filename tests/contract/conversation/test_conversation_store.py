"""One promise, every keeper: the store suite, asked of memory and of Redis."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.change import Change, Line, OutboundText, Silence
from conversation_service.domain.conversation import Conversation, EndReason
from conversation_service.domain.facts import Facts, Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.domain.transitions import ended, joined, opened, talked
from conversation_service.store.codec import Answer
from conversation_service.store.redis_store import RedisStore
from conversation_service.store.store import Commit, Conflict, Done, Earlier, PoolStore
from support.clock import ManualClock
from support.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    POOL,
    VAULT,
    ScriptedFresh,
    line,
)
from support.memory_store import MemoryStore

NOTHING = Receipt("text", "never seen", ())


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> PoolStore:
    if request.param == "memory":
        return MemoryStore()
    redis: Redis = request.getfixturevalue("redis")
    return RedisStore(redis, "main", VAULT)


class Desk:
    """Makes changes as the operations would, one id after the other."""

    def __init__(self, store: PoolStore, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self._fresh = ScriptedFresh()
        self._requests = 0

    def facts(self, code: str = "K7M2Q9") -> Facts:
        now = self.clock.now()
        return Facts(POOL, now, self._fresh.change_id(now), code, {})

    async def commit(
        self, change: Change, request_id: str = "", *fields: str, kind: str = "call"
    ) -> Done | Earlier | Conflict | Exception:
        self._requests += 1
        receipt = Receipt(kind, request_id or f"request {self._requests}", fields)
        [outcome] = await self.store.commit([Commit(receipt, change, self.clock.now())])
        return outcome

    async def started(self, by: Line | None = None, code: str = "K7M2Q9") -> Conversation:
        conversation = opened(self.facts(code), by or line(ALICE))
        assert await self.commit(Change(after=conversation)) == Done()
        return conversation

    async def connected(self) -> Conversation:
        waiting = await self.started()
        active = joined(self.facts(), waiting, BOB)
        assert await self.commit(Change(waiting, active)) == Done()
        return active

    async def live(self, *lines: Line) -> dict[Line, Conversation]:
        [loaded] = await self.store.load([(NOTHING, Lookup(lines=lines))])
        return loaded.live

    async def invitation(self, code: str) -> Conversation | None:
        [loaded] = await self.store.load([(NOTHING, Lookup(code=code))])
        return loaded.invitation


@pytest.fixture
def desk(store: PoolStore, clock: ManualClock) -> Desk:
    return Desk(store, clock)


async def test_what_is_committed_is_found_by_line_code_and_id(desk: Desk) -> None:
    conversation = await desk.started()
    assert await desk.live(line(ALICE), line(BOB)) == {line(ALICE): conversation}
    assert await desk.invitation("K7M2Q9") == conversation
    assert await desk.store.get(conversation.conversation_id) == conversation
    assert await desk.store.get("nothing") is None


async def test_a_code_works_once(desk: Desk) -> None:
    active = await desk.connected()
    assert await desk.invitation("K7M2Q9") is None
    assert await desk.live(line(ALICE), line(BOB)) == {line(ALICE): active, line(BOB): active}


async def test_who_has_left_is_free_at_once_and_the_conversation_stays_known(desk: Desk) -> None:
    active = await desk.connected()
    over = ended(desk.facts(), active, EndReason.PARTICIPANT_ENDED)
    assert await desk.commit(Change(active, over)) == Done()
    assert await desk.live(line(ALICE), line(BOB)) == {}
    assert await desk.store.get(over.conversation_id) == over
    await desk.started()


async def test_a_repeated_request_changes_nothing_and_gets_the_first_answer(desk: Desk) -> None:
    change = Change(after=opened(desk.facts(), line(ALICE)))
    assert await desk.commit(change, "r", "a field") == Done()
    again = Change(after=opened(desk.facts("X4X4X4"), line(BOB)))
    assert await desk.commit(again, "r", "a field") == Earlier(True, Answer(change.after))
    assert await desk.live(line(BOB)) == {}


async def test_a_repeated_request_is_known_before_anything_is_decided(desk: Desk) -> None:
    change = Change(after=opened(desk.facts(), line(ALICE)))
    await desk.commit(change, "r", "a field")
    asked = [(Receipt("call", "r", fields), Lookup()) for fields in (("a field",), ("another",))]
    same, other = await desk.store.load(asked)
    assert same.earlier == Earlier(True, Answer(change.after))
    assert other.earlier == Earlier(False, Answer(None))


async def test_an_id_with_other_fields_is_refused_and_writes_nothing(desk: Desk) -> None:
    await desk.commit(Change(), "r", "a field")
    outcome = await desk.commit(Change(after=opened(desk.facts(), line(ALICE))), "r", "another")
    assert outcome == Earlier(False, Answer(None))
    assert await desk.live(line(ALICE)) == {}


async def test_ids_of_different_kinds_do_not_meet(desk: Desk) -> None:
    assert await desk.commit(Change(), "r", kind="text") == Done()
    assert await desk.commit(Change(), "r", kind="start") == Done()


async def test_of_two_changes_from_one_state_exactly_one_wins(desk: Desk) -> None:
    active = await desk.connected()
    over = ended(desk.facts(), active, EndReason.PARTICIPANT_ENDED)
    said = talked(desk.facts(), active)
    outcomes = await asyncio.gather(
        desk.commit(Change(active, over)), desk.commit(Change(active, said))
    )
    assert sorted(map(str, outcomes)) == ["Conflict()", "Done()"]


async def test_a_change_that_builds_on_one_that_lost_is_lost_too(desk: Desk) -> None:
    active = await desk.connected()
    foreign = talked(desk.facts(), active)
    lost = talked(desk.facts(), active)
    built_on_it = talked(desk.facts(), lost)
    now = desk.clock.now()
    changes = [Change(active, foreign), Change(active, lost), Change(lost, built_on_it)]
    commits = [Commit(Receipt("call", str(at), ()), one, now) for at, one in enumerate(changes)]
    assert await desk.store.commit(commits) == [Done(), Conflict(), Conflict()]
    assert await desk.store.get(active.conversation_id) == foreign


async def test_nobody_is_in_two_live_conversations_on_one_number(desk: Desk) -> None:
    await desk.started()
    second = Change(after=opened(desk.facts("X4X4X4"), line(ALICE)))
    assert await desk.commit(second) == Conflict()
    waiting = await desk.started(line(BOB), "Z5Z5Z5")
    both = Change(waiting, joined(desk.facts(), waiting, ALICE))
    assert await desk.commit(both) == Conflict()


async def test_a_code_in_use_is_not_given_out_again(desk: Desk) -> None:
    await desk.started()
    assert await desk.commit(Change(after=opened(desk.facts(), line(BOB)))) == Conflict()


async def test_a_silence_is_found_on_its_line_only(desk: Desk) -> None:
    await desk.commit(Change(silence=Silence(line(ALICE), timedelta(minutes=10))))
    asked = [(NOTHING, Lookup(silence=line(person))) for person in (ALICE, BOB)]
    assert [one.is_silenced for one in await desk.store.load(asked)] == [True, False]


async def test_pages_are_newest_first_and_complete(desk: Desk) -> None:
    started = []
    for number in range(5):
        desk.clock.move(seconds=1)
        code = f"K7M2Q{number + 2}"
        started.append(await desk.started(Line(f"+1206555010{number}", ALICE), code))
    first = await desk.store.page(2, "")
    second = await desk.store.page(2, first[-1].conversation_id)
    third = await desk.store.page(2, second[-1].conversation_id)
    assert [*first, *second, *third] == started[::-1]
    assert await desk.store.page(2, third[-1].conversation_id) == []


async def test_due_conversations_come_when_they_are_due(desk: Desk) -> None:
    waiting = await desk.started()
    assert await desk.store.due(waiting.due_time - timedelta(seconds=1), 10) == []
    assert await desk.store.due(waiting.due_time, 10) == [waiting]
    assert await desk.store.due(waiting.due_time, 0) == []


async def test_what_is_forgotten_is_gone_everywhere(desk: Desk) -> None:
    active = await desk.connected()
    over = ended(desk.facts(), active, EndReason.OPERATOR_ENDED)
    await desk.commit(Change(active, over))
    await desk.store.forget([over.conversation_id])
    assert await desk.store.get(over.conversation_id) is None
    assert await desk.store.page(10, "") == []
    assert await desk.store.due(over.due_time, 10) == []


async def test_texts_of_a_change_are_owed_once_however_often_it_is_committed(
    redis: Redis, clock: ManualClock
) -> None:
    desk = Desk(RedisStore(redis, "main", VAULT), clock)
    texts = tuple(
        OutboundText(f"m-{number}", "c", MASKED, CAROL.phone_number, "hello") for number in range(2)
    )
    for _ in range(3):
        await desk.commit(Change(texts=texts), "r")
    assert await redis.xlen("maskline:v1:{main}:outbox") == 2
