"""Everything stored expires or is removed when the pool's settings say so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from redis.asyncio import Redis

from conversation_service.domain.model.pool import PoolSettings
from conversation_service.jobs import Maintenance
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.event_log import EventLog
from conversation_service.store.keyspace.keys import Keys
from maskline.admin.v1 import dead_letter_pb2, person_pb2, pool_pb2
from maskline.admin.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, participants
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    POOL,
    SETTINGS,
    pool_storage,
    seeded,
)
from support.builders.dead_letters import REJECTED, dead_letters
from support.clock import ManualClock
from support.eventually import eventually
from support.observation.marker_search import everything
from support.services.conversation_service import RunningService, running

from .key_lifetimes import ALWAYS, defined_kinds, expiring_kinds, kinds_there, longest, overstaying

KEYS = Keys(POOL.name)
DAVE_NUMBER = "+13605550144"
DAY = timedelta(days=1)
# None of these is the default, and dead letters expire before their messages.
CHOSEN: dict[str, Any] = {
    "lifecycle.cool_off": timedelta(minutes=1),
    "retention.conversations": timedelta(hours=2),
    "retention.idempotency_records": 4 * DAY,
    "retention.messages": 5 * DAY,
    "retention.events": 6 * DAY,
    "retention.dead_letters": timedelta(hours=7),
    "sending.message_validity": timedelta(hours=1),
}
# Only inside of one script, only while a person is erased, only during reconciliation or after a
# restore, not with the cipher of these tests, or not for callers without a limit.
UNSEEN = {
    *("dead-rewritten", "reconciliation", "reconciliation-lease", "reconciliation-fence"),
    *("blind-index-key", "restore-request", "number-lookups", "pending-erasures", "erasure-lease"),
}
# What a live conversation needs.
LIVE = {"conversation", "timeline", "r", "name", "held", "live-by-number", "live-by-person"}


@pytest.fixture
def clock() -> ManualClock:
    """Events are numbered by Redis's own clock, so they age from today on."""
    return ManualClock(datetime.now(UTC))


async def begin(service: RunningService) -> list[str]:
    """A code and a wrong one, a repeated message, held and dead ones; ids of conversations."""
    service.messaging.answers["bad"] = [REJECTED] * 2
    started = await service.start(ALICE_NUMBER, OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, "join X9X9X9", OTHER_MASKED)
    request = pb.CreateConversationRequest(
        participants=participants(ALICE_NUMBER, BOB_NUMBER),
        masked_number=MASKED,
        unique_name="order-7",
    )
    opened = (await ask(service.stub.CreateConversation, request)).conversation
    message = service.text(BOB_NUMBER, "hello")
    await service.receive(message)
    await service.receive(message)
    for _ in range(2):
        await service.deliver(BOB_NUMBER, "bad")
    first, second = await dead_letters(service, 2)
    stub = DeadLetterServiceStub(service.channel)
    discard = dead_letter_pb2.DiscardDeadLetterRequest(dead_letter_id=first.dead_letter_id)
    await ask(stub.DiscardDeadLetter, discard)
    replay = dead_letter_pb2.ReplayDeadLetterRequest(dead_letter_id=second.dead_letter_id)
    await ask(stub.ReplayDeadLetter, replay)
    pause = pb.PauseConversationRequest(conversation_id=opened.conversation_id)
    await ask(service.stub.PauseConversation, pause)
    await service.deliver(ALICE_NUMBER, "kept")
    blocked = await service.open(CAROL_NUMBER, DAVE_NUMBER, masked_number=MASKED)
    conversations = (started.conversation, opened, blocked)
    return [conversation.conversation_id for conversation in conversations]


async def end(service: RunningService, conversation_ids: list[str]) -> None:
    """Ends all conversations, each in another way; a person opts out."""
    await service.deliver(CAROL_NUMBER, "block")
    await service.deliver(CAROL_NUMBER, "stop")
    await service.end(conversation_ids[0])
    await service.deliver(BOB_NUMBER, "end")
    await service.quiet()
    await service.receipts(*(message.message_id for message in service.sent()))


async def purge(service: RunningService, settings: PoolSettings) -> None:
    """Moves the clock beyond every lifetime that the service itself enforces."""
    longest = max(settings.retention.conversations, settings.retention.events) + DAY
    service.clock.move(seconds=longest.total_seconds())

    async def is_purged() -> bool:
        return not await service.redis.keys(f"{KEYS.conversations('')}*")

    await eventually(is_purged)
    await maintenance(service).run_once()


def maintenance(service: RunningService) -> Maintenance:
    """What the service does once a minute."""
    storage = pool_storage(service.redis)
    store = ConversationRepository(storage)

    async def settings() -> PoolSettings:
        pool = await store.pool()
        assert pool
        return pool.settings

    return Maintenance(store, EventLog(storage), UsageSamples(storage), settings, service.clock)


async def named_without_expiry(redis: Redis, conversation_ids: list[str]) -> list[bytes]:
    """The keys that contain one of these ids and do not expire."""
    stored = [
        (value.partition(b" ")[0], value)
        async for _, value in everything(redis)
        if any(conversation_id.encode() in value for conversation_id in conversation_ids)
    ]
    return [key for key, _ in stored if await redis.pttl(key) == -1]


def test_every_kind_of_key_has_a_limit() -> None:
    assert set(longest(SETTINGS)) == defined_kinds()


@pytest.mark.parametrize("chosen", [{}, CHOSEN], ids=["default", "chosen"])
async def test_nothing_of_a_conversation_is_kept_longer_than_the_pool_says(
    redis: Redis, redis_url: str, clock: ManualClock, chosen: dict[str, Any]
) -> None:
    pool = seeded(settings={"consent.reopen_pause": 2 * DAY, **chosen})
    async with running(redis_url, clock, pool) as service:
        conversation_ids = await begin(service)
        seen = await kinds_there(redis)
        assert LIVE - await expiring_kinds(redis) == LIVE <= seen
        await end(service, conversation_ids)
        assert await overstaying(redis, pool.settings) == {}
        seen |= await kinds_there(redis)
        await purge(service, pool.settings)
        await ask(
            service.people.OptInPerson, person_pb2.OptInPersonRequest(phone_number=ALICE_NUMBER)
        )
        erasure = person_pb2.ErasePersonRequest(phone_number=ALICE_NUMBER)
        await ask(service.people.ErasePerson, erasure)
        seen |= await kinds_there(redis)
        assert await overstaying(redis, pool.settings) == {}
        assert await named_without_expiry(redis, conversation_ids) == []
        assert defined_kinds() - seen == UNSEEN, "all kinds are checked"
        purged = {"conversation", "timeline", "deadlines", "conversations"}
        assert await kinds_there(redis) & purged == set()


async def test_a_key_that_is_kept_too_long_would_be_noticed(redis: Redis) -> None:
    limits = longest(SETTINGS)
    expiring = [kind for kind, limit in limits.items() if limit is not ALWAYS]
    for kind in expiring:
        key = f"{KEYS.conversation_prefix.removesuffix('conversation:')}{kind}:x"
        await redis.set(key, "x", px=(limits[kind] or DAY) + timedelta(minutes=1))
    assert len(await overstaying(redis, SETTINGS)) == len(expiring)


async def lifetimes(service: RunningService, kind: str) -> dict[str, float]:
    """The TTL of every key of a kind, in days."""
    keys = [key.decode() async for key in service.redis.scan_iter(f"*{kind}:*")]
    return {key: await service.redis.pttl(key) / (DAY / timedelta(milliseconds=1)) for key in keys}


async def test_a_changed_setting_applies_to_new_records_and_to_all_events(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "before")
    retention = pool_pb2.RetentionSettings(
        conversations=Duration(seconds=7 * 86400),
        idempotency_records=Duration(seconds=20 * 86400),
        messages=Duration(seconds=21 * 86400),
        events=Duration(seconds=3 * 86400),
        dead_letters=Duration(seconds=3600),
    )
    request = pool_pb2.UpdatePoolRequest(
        pool=pool_pb2.Pool(pool_id="main", settings=pool_pb2.PoolSettings(retention=retention)),
        update_mask=FieldMask(paths=["settings.retention"]),
    )
    updated = (await ask(service.pools.UpdatePool, request)).pool
    assert updated.settings.retention == retention
    kinds = (("i", 3, 20), ("m", 7, 21))
    before = {kind: await lifetimes(service, kind) for kind, _, _ in kinds}
    await service.deliver(ALICE_NUMBER, "after")
    for kind, former, chosen in kinds:
        assert max(before[kind].values()) <= former
        after = await lifetimes(service, kind)
        [written] = after.keys() - before[kind].keys()
        assert chosen - 1 < after[written] <= chosen
    await service.quiet()
    assert await service.timeline(conversation.conversation_id) != []
    service.clock.move(days=4)
    await maintenance(service).run_once()
    assert await service.timeline(conversation.conversation_id) == []
