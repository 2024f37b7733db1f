"""Messages whose callbacks were lost are found in the carrier's records, and received once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import grpc
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from conversation_service.application.inbound.reconciliation import (
    LOOK_BACK,
    OVERLAP,
    RESENDS,
    Reconciliation,
)
from conversation_service.domain.errors import BackendUnavailable
from conversation_service.domain.templates.catalog import Template
from conversation_service.store.deployment.reconciliation_cursor import ReconciliationCursor
from conversation_service.store.keyspace.keys import DeploymentKeys
from maskline.conversation.v1 import conversation_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.conversation_calls import kinds
from support.conversation_service import RunningService, connected, running
from support.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, says
from support.decisions import PICTURE
from support.eventually import eventually
from support.scripted_messaging import Context, ScriptedMessaging

INTERVAL = timedelta(minutes=5)
KEYS = DeploymentKeys()


@dataclass
class CarrierWithRecords(ScriptedMessaging):
    """Lists its records in pages of one, the newest first."""

    requested_since: list[float] = field(default_factory=list)
    fails: bool = False

    async def ListInboundRecords(
        self, request: pb.ListInboundRecordsRequest, context: Context
    ) -> pb.ListInboundRecordsResponse:
        if self.fails:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        since = request.start_time.ToMilliseconds()
        self.requested_since.append(since / 1000)
        records = [one for one in self.records if one.carrier_time.ToMilliseconds() >= since]
        index = int(request.page_token or 0)
        return pb.ListInboundRecordsResponse(
            records=records[::-1][index : index + 1],
            next_page_token=str(index + 1) if index + 1 < len(records) else "",
        )

    def receives(
        self, service: RunningService, number: str, body: str
    ) -> conversation_pb2.InboundMessage:
        """The carrier receives a message. Returns its callback, which may be lost."""
        message = service.text(number, body)
        message.carrier_time.FromDatetime(service.clock.now())
        record = pb.InboundRecord(
            carrier_message_id=message.carrier_message_id,
            from_number=number,
            to_number=message.to_number,
            body=body,
            carrier_time=message.carrier_time,
        )
        self.records.append(record)
        return message


@pytest.fixture
def carrier() -> CarrierWithRecords:
    return CarrierWithRecords()


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: CarrierWithRecords
) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock, messaging=carrier) as one:
        yield one


@pytest.fixture
async def conversation_id(service: RunningService) -> str:
    """Alice and Bob are in it."""
    return (await service.open(ALICE_NUMBER, BOB_NUMBER)).conversation_id


@pytest.fixture
async def reconciliation(
    service: RunningService, redis_url: str, clock: ManualClock, carrier: CarrierWithRecords
) -> AsyncIterator[Reconciliation]:
    """Another replica's, after its first run ever."""
    async with connected(redis_url, clock, messaging=carrier) as replica:
        made = replica.recovery(INTERVAL)
        await made.run_once()
        yield made


def reconciled() -> float:
    return REGISTRY.get_sample_value("maskline_recovered_texts_total") or 0.0


async def test_a_lost_message_is_relayed_and_recorded_and_its_late_callback_is_a_duplicate(
    service: RunningService,
    carrier: CarrierWithRecords,
    reconciliation: Reconciliation,
    conversation_id: str,
) -> None:
    before = reconciled()
    message = carrier.receives(service, ALICE_NUMBER, "hello")
    service.clock.move(minutes=5)
    assert await reconciliation.run_once() == INTERVAL.total_seconds()
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]
    events = kinds(await service.timeline(conversation_id))
    index = events.index(("MESSAGE_RECOVERED", ""))
    assert events[index + 1] == ("MESSAGE_RELAYED", "")
    assert reconciled() == before + 1
    [result] = (await service.receive(message)).results
    assert result.outcome == conversation_pb2.RECEIVE_OUTCOME_REPEATED
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["hello"]


# The messages are received at the same time, or one second apart.
@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.usefixtures("conversation_id")
async def test_lost_messages_are_received_in_the_order_in_which_the_carrier_received_them(
    service: RunningService,
    carrier: CarrierWithRecords,
    reconciliation: Reconciliation,
    seconds: int,
) -> None:
    for body in ("one", "two", "three", "end"):
        carrier.receives(service, ALICE_NUMBER, body)
        service.clock.move(seconds=seconds)
    service.clock.move(hours=1)
    await reconciliation.run_once()
    assert await service.heard(BOB_NUMBER, 4) == ["one", "two", "three", says(Template.ENDED)]


async def test_a_conversation_that_starts_with_lost_messages_starts_all_the_same(
    service: RunningService, carrier: CarrierWithRecords, reconciliation: Reconciliation
) -> None:
    code = (await service.start(ALICE_NUMBER)).code
    carrier.receives(service, BOB_NUMBER, f"join {code}")
    service.clock.move(seconds=5)
    carrier.receives(service, BOB_NUMBER, "it is me")
    service.clock.move(minutes=10)
    await reconciliation.run_once()
    _, *heard = await service.heard(ALICE_NUMBER, 3)
    assert heard == [says(Template.SOMEBODY_JOINED), "it is me"]


async def test_a_message_that_was_received_is_recognised_and_recorded_no_second_time(
    service: RunningService,
    carrier: CarrierWithRecords,
    reconciliation: Reconciliation,
    conversation_id: str,
) -> None:
    before = reconciled()
    message = carrier.receives(service, ALICE_NUMBER, "hello")
    message.attachments.add(url=PICTURE.url, content_type="image/png")
    await service.receive(message)
    for _ in range(3):
        service.clock.move(minutes=5)
        await reconciliation.run_once()
    await service.heard(BOB_NUMBER, 1)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["hello"]
    events = kinds(await service.timeline(conversation_id))
    assert not {"MESSAGE_REPEATED", "MESSAGE_RECOVERED"} & {kind for kind, _ in events}
    assert reconciled() == before


@pytest.mark.usefixtures("conversation_id")
async def test_a_message_whose_callback_may_still_come_is_left_for_the_next_run(
    service: RunningService, carrier: CarrierWithRecords, reconciliation: Reconciliation
) -> None:
    service.clock.move(seconds=(INTERVAL - RESENDS).total_seconds() + 1)
    carrier.receives(service, ALICE_NUMBER, "hello")
    service.clock.move(seconds=RESENDS.total_seconds() - 1)
    await reconciliation.run_once()
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == []
    service.clock.move(minutes=5)
    await reconciliation.run_once()
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]


@pytest.mark.usefixtures("conversation_id")
async def test_records_that_no_pool_can_receive_are_skipped(
    service: RunningService, carrier: CarrierWithRecords, reconciliation: Reconciliation
) -> None:
    for _ in range(3):
        carrier.receives(service, ALICE_NUMBER, "strange")
    carrier.records[0].to_number = "+12065550199"
    carrier.records[1].from_number = "short"
    carrier.records[2].carrier_message_id = ""
    known = carrier.receives(service, CAROL_NUMBER, "known by another body")
    await service.receive(known)
    carrier.records[3].body = "as the record has it"
    carrier.receives(service, ALICE_NUMBER, "fine")
    service.clock.move(minutes=5)
    await reconciliation.run_once()
    assert await service.heard(BOB_NUMBER, 1) == ["fine"]


async def test_the_records_are_read_once_per_interval_by_whichever_replica(
    service: RunningService,
    carrier: CarrierWithRecords,
    reconciliation: Reconciliation,
    redis_url: str,
) -> None:
    service.clock.move(minutes=4)
    assert await reconciliation.run_once() == 60.0
    assert carrier.requested_since == []
    service.clock.move(minutes=1)
    await reconciliation.run_once()
    async with connected(redis_url, service.clock, messaging=carrier) as another:
        assert await another.recovery(INTERVAL).run_once() == INTERVAL.total_seconds()
    assert len(carrier.requested_since) == 1


async def test_one_replica_reads_the_records_at_a_time(
    carrier: CarrierWithRecords, reconciliation: Reconciliation, redis: Redis, clock: ManualClock
) -> None:
    clock.move(minutes=5)
    token = await ReconciliationCursor(redis).take_lease(timedelta(minutes=1))
    assert 0 < await reconciliation.run_once() < INTERVAL.total_seconds()
    assert carrier.requested_since == []
    await ReconciliationCursor(redis).release_lease(token or "")
    await reconciliation.run_once()
    assert len(carrier.requested_since) == 1
    assert not await redis.exists(KEYS.recovery_lease)


@pytest.mark.usefixtures("conversation_id")
async def test_a_run_that_fails_is_repeated_from_the_same_time_on(
    service: RunningService,
    carrier: CarrierWithRecords,
    reconciliation: Reconciliation,
    redis: Redis,
) -> None:
    carrier.receives(service, ALICE_NUMBER, "hello")
    carrier.fails = True
    for _ in range(2):
        service.clock.move(hours=1)
        with pytest.raises(BackendUnavailable):
            await reconciliation.run_once()
    assert not await redis.exists(KEYS.recovery_lease)
    carrier.fails = False
    await reconciliation.run_once()
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]


async def test_the_first_run_ever_ignores_earlier_messages(
    service: RunningService, carrier: CarrierWithRecords, redis_url: str
) -> None:
    """The number may have been somebody else's, who replied to them."""
    carrier.receives(service, ALICE_NUMBER, "start")
    service.clock.move(minutes=1)
    begin = service.clock.now()
    async with connected(redis_url, service.clock, messaging=carrier) as replica:
        reconciliation = replica.recovery(INTERVAL)
        for _ in range(3):
            await reconciliation.run_once()
            service.clock.move(minutes=5)
    assert carrier.requested_since == [begin.timestamp()] * 2
    assert service.sent() == []


async def test_a_run_overlaps_the_last_one_and_looks_back_a_limited_time(
    carrier: CarrierWithRecords, reconciliation: Reconciliation, clock: ManualClock
) -> None:
    clock.move(hours=1)
    await reconciliation.run_once()
    last = clock.now()
    clock.move(minutes=5)
    await reconciliation.run_once()
    assert carrier.requested_since[-1] == (last - OVERLAP).timestamp()
    clock.move(days=30)
    await reconciliation.run_once()
    assert carrier.requested_since[-1] == (clock.now() - LOOK_BACK).timestamp()


async def test_the_service_reconciles_by_itself_if_an_interval_is_set(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: CarrierWithRecords
) -> None:
    async def has_begun() -> bool:
        return bool(await redis.exists(KEYS.recovery))

    async with running(
        redis_url, clock, messaging=carrier, recovery_interval=timedelta(seconds=1)
    ) as service:
        await service.open(ALICE_NUMBER, BOB_NUMBER)
        await eventually(has_begun)
        clock.move(seconds=1)
        carrier.receives(service, ALICE_NUMBER, "hello")
        clock.move(seconds=10)
        assert await service.heard(BOB_NUMBER, 1) == ["hello"]
