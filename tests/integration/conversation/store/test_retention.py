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
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import dead_letter_pb2, opt_out_pb2, person_pb2, pool_pb2
from maskline.conversation.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.messaging.v1 import error_reason_pb2, messaging_pb2
from support.clock import ManualClock
from support.conversation_calls import ask
from support.conversation_service import RunningService, running
from support.conversations import (
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
from support.dead_letters import dead_letters
from support.eventually import eventually
from support.marker_search import everything

from .key_lifetimes import ALWAYS, kinds_there, longest, overstaying, spelled_kinds

KEYS = Keys(POOL.name)
DAVE_NUMBER = "+13605550144"
DAY = timedelta(days=1)
NOT_TAKEN = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REFUSED,
    state=messaging_pb2.MESSAGE_STATE_REFUSED,
    error=messaging_pb2.ItemError(reason=error_reason_pb2.ERROR_REASON_INVALID_ARGUMENT),
)
# None of these is what it is by default, and dead letters go before their messages do.
CHOSEN: dict[str, Any] = {
    "cool_off": timedelta(minutes=1),
    "kept_after_end": timedelta(hours=2),
    "receipts_kept": 4 * DAY,
    "messages_kept": 5 * DAY,
    "events_kept": 6 * DAY,
    "dead_letters_kept": timedelta(hours=7),
    "text_validity": timedelta(hours=1),
}
# Inside of one script, while lost callbacks are looked for, and not under these tests' key.
UNSEEN = {
    "dead-rewritten",
    "reconciliation",
    "reconciliation-lease",
    "reconciliation-fence",
    "blind-index-key",
}


@pytest.fixture
def clock() -> ManualClock:
    """Events are numbered by Redis's own clock, so what is forgotten is told by today's date."""
    return ManualClock(datetime.now(UTC))


async def begin(service: RunningService) -> list[str]:
    """A code, a wrong one, a text that came twice, texts held and dead: ids of conversations."""
    service.messaging.answers["bad"] = [NOT_TAKEN] * 2
    started = await service.start(ALICE_NUMBER, OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, "join X9X9X9", OTHER_MASKED)
    opened = pb.OpenConversationRequest(
        phone_numbers=(ALICE_NUMBER, BOB_NUMBER), masked_number=MASKED, unique_name="order-7"
    )
    talk = (await ask(service.stub.OpenConversation, opened)).conversation
    text = service.text(BOB_NUMBER, "hello")
    await service.receive(text)
    await service.receive(text)
    for _ in range(2):
        await service.deliver(BOB_NUMBER, "bad")
    one, other = await dead_letters(service, 2)
    desk = DeadLetterServiceStub(service.channel)
    drop = dead_letter_pb2.DropDeadLetterRequest(dead_letter_id=one.dead_letter_id)
    await ask(desk.DropDeadLetter, drop)
    replay = dead_letter_pb2.ReplayDeadLetterRequest(dead_letter_id=other.dead_letter_id)
    await ask(desk.ReplayDeadLetter, replay)
    pause = pb.PauseConversationRequest(conversation_id=talk.conversation_id)
    await ask(service.stub.PauseConversation, pause)
    await service.deliver(ALICE_NUMBER, "kept")
    blocked = await service.open(CAROL_NUMBER, DAVE_NUMBER, masked_number=MASKED)
    conversations = (started.conversation, talk, blocked)
    return [one.conversation_id for one in conversations]


async def end(service: RunningService, names: list[str]) -> None:
    """All of it, in every way; a person wants no more texts."""
    await service.deliver(CAROL_NUMBER, "block")
    await service.deliver(CAROL_NUMBER, "stop")
    for name in names[:2]:
        await service.end(name)
    await service.quiet()
    await service.receipts(*(one.message_id for one in service.sent()))


async def forgotten(service: RunningService, settings: PoolSettings) -> None:
    """The time of everything that the service forgets by itself is over."""
    over = max(settings.kept_after_end, settings.events_kept) + DAY
    service.clock.move(seconds=over.total_seconds())

    async def none_is_kept() -> bool:
        return await service.redis.exists(KEYS.conversations, KEYS.deadlines) == 0

    await eventually(none_is_kept)
    await house(service).run_once()


def house(service: RunningService) -> Maintenance:
    """What the service does once a minute."""
    store = ConversationRepository(pool_storage(service.redis))

    async def settings() -> PoolSettings:
        pool = await store.pool()
        assert pool
        return pool.settings

    journal = EventLog(pool_storage(service.redis))
    samples = UsageSamples(pool_storage(service.redis))
    return Maintenance(store, journal, samples, settings, service.clock)


async def named_for_ever(redis: Redis, names: list[str]) -> list[bytes]:
    """What names one of these conversations and will not expire."""
    found = [stored async for _, stored in everything(redis)]
    keys = [stored.partition(b" ")[0] for stored in found]
    return [
        key
        for key, stored in zip(keys, found, strict=True)
        if any(name.encode() in stored for name in names) and await redis.pttl(key) == -1
    ]


def test_every_kind_of_key_has_a_limit() -> None:
    assert set(longest(SETTINGS)) == spelled_kinds()


@pytest.mark.parametrize("chosen", [{}, CHOSEN], ids=["default", "chosen"])
async def test_nothing_of_a_conversation_is_kept_longer_than_the_pool_says(
    redis: Redis, redis_url: str, clock: ManualClock, chosen: dict[str, Any]
) -> None:
    pool = seeded(settings=chosen)
    async with running(redis_url, clock, pool) as service:
        names = await begin(service)
        seen = await kinds_there(redis)
        await end(service, names)
        assert await overstaying(redis, pool.settings) == {}
        seen |= await kinds_there(redis)
        await forgotten(service, pool.settings)
        await ask(service.opt_outs.OptIn, opt_out_pb2.OptInRequest(phone_number=ALICE_NUMBER))
        await ask(
            service.people.ErasePerson, person_pb2.ErasePersonRequest(phone_number=ALICE_NUMBER)
        )
        seen |= await kinds_there(redis)
        assert await overstaying(redis, pool.settings) == {}
        assert await named_for_ever(redis, names) == []
        assert spelled_kinds() - seen == UNSEEN, "what was never there was not looked at"
        gone = {"conversation", "timeline", "deadlines", "conversations"}
        assert await kinds_there(redis) & gone == set()


async def test_a_key_that_is_kept_too_long_would_be_noticed(redis: Redis) -> None:
    limits = longest(SETTINGS)
    expiring = [kind for kind, limit in limits.items() if limit is not ALWAYS]
    for kind in expiring:
        key = f"{KEYS.conversation_prefix.removesuffix('conversation:')}{kind}:x"
        await redis.set(key, "x", px=(limits[kind] or DAY) + timedelta(minutes=1))
    assert len(await overstaying(redis, SETTINGS)) == len(expiring)


async def lifetimes(service: RunningService, kind: str) -> dict[str, float]:
    """The days that keys of a kind have to live."""
    keys = [key.decode() async for key in service.redis.scan_iter(f"*{kind}:*")]
    return {key: await service.redis.pttl(key) / (DAY / timedelta(milliseconds=1)) for key in keys}


async def test_a_changed_setting_applies_to_new_records_and_to_all_events(
    service: RunningService,
) -> None:
    talk = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "before")
    settings = pool_pb2.PoolSettings(
        receipts_kept=Duration(seconds=20 * 86400),
        messages_kept=Duration(seconds=21 * 86400),
        events_kept=Duration(seconds=3 * 86400),
        dead_letters_kept=Duration(seconds=3600),
    )
    fields = ("receipts_kept", "messages_kept", "events_kept", "dead_letters_kept")
    request = pool_pb2.UpdatePoolRequest(settings=settings, update_mask=FieldMask(paths=fields))
    updated = (await ask(service.pools.UpdatePool, request)).pool
    assert all(getattr(updated.settings, one) == getattr(settings, one) for one in fields)
    kinds = (("idempotency", 3, 20), ("message", 7, 21))
    before = {kind: await lifetimes(service, kind) for kind, _, _ in kinds}
    await service.deliver(ALICE_NUMBER, "after")
    for kind, former, chosen in kinds:
        assert max(before[kind].values()) <= former
        after = await lifetimes(service, kind)
        [written] = after.keys() - before[kind].keys()
        assert chosen - 1 < after[written] <= chosen
    await service.quiet()
    assert await service.timeline(talk.conversation_id) != []
    service.clock.move(days=4)
    await house(service).run_once()
    assert await service.timeline(talk.conversation_id) == []
