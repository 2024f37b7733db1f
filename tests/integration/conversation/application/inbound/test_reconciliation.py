"""Messages whose callbacks were lost are found in the carrier's records, and received once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

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
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.storage import Storage
from maskline.conversation.v1 import conversation_pb2
from maskline.ingest.v1 import ingest_pb2
from maskline.messaging.v1 import carrier_pb2
from support.builders.conversation_calls import kinds
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    CIPHER,
    system_message,
)
from support.builders.decisions import PICTURE
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_messaging import Context, ScriptedMessaging
from support.services.conversation_service import RunningService, connected, running

INTERVAL = timedelta(minutes=5)
KEYS = DeploymentKeys()


@dataclass
class CarrierWithRecords(ScriptedMessaging):
    """Lists its records in pages of one, the newest first."""

    requested_since: list[float] = field(default_factory=list)

    async def ListInboundRecords(
        self, request: carrier_pb2.ListInboundRecordsRequest, context: Context
    ) -> carrier_pb2.ListInboundRecordsResponse:
        records = (await super().ListInboundRecords(request, context)).records
        self.requested_since.append(request.start_time.ToMilliseconds() / 1000)
        index = int(request.page_token or 0)
        return carrier_pb2.ListInboundRecordsResponse(
            records=records[::-1][index : index + 1],
            next_page_token=str(index + 1) if index + 1 < len(records) else "",
        )


@dataclass
class Deployment:
    """One replica that serves, another one's reconciliation, and the carrier."""

    service: RunningService
    carrier: CarrierWithRecords
    reconciliation: Reconciliation
    redis: Redis
    redis_url: str

    @property
    def clock(self) -> ManualClock:
        return self.service.clock

    async def open(self) -> str:
        """A conversation of Alice and Bob."""
        return (await self.service.open(ALICE_NUMBER, BOB_NUMBER)).conversation_id

    def lost(self, number: str, body: str) -> ingest_pb2.InboundMessage:
        """A message that the carrier received, and whose callback is not delivered."""
        message = self.service.text(number, body)
        message.carrier_time.FromDatetime(self.clock.now())
        record = carrier_pb2.InboundRecord(
            carrier_message_id=message.carrier_message_id,
            from_number=number,
            to_number=message.to_number,
            body=body,
            carrier_time=message.carrier_time,
        )
        self.carrier.records.append(record)
        return message

    async def run(self, **later: float) -> float:
        """Runs the reconciliation after some time. Returns the seconds until its next run."""
        self.clock.move(**later)
        return await self.reconciliation.run_once()


@pytest.fixture
async def deployment(redis: Redis, redis_url: str, clock: ManualClock) -> AsyncIterator[Deployment]:
    """The first run ever of its reconciliation is over."""
    carrier = CarrierWithRecords()
    async with (
        running(redis_url, clock, messaging=carrier) as service,
        connected(redis_url, clock, messaging=carrier) as replica,
    ):
        made = Deployment(
            service, carrier, replica.wiring.reconciliation(INTERVAL), redis, redis_url
        )
        await made.run()
        yield made


def reconciled() -> float:
    return REGISTRY.get_sample_value("maskline_recovered_texts_total") or 0.0


async def test_a_lost_message_is_relayed_and_recorded_and_its_late_callback_is_a_duplicate(
    deployment: Deployment,
) -> None:
    conversation_id, before = await deployment.open(), reconciled()
    message = deployment.lost(ALICE_NUMBER, "hello")
    assert await deployment.run(minutes=5) == INTERVAL.total_seconds()
    assert await deployment.service.heard(BOB_NUMBER, 1) == ["hello"]
    events = kinds(await deployment.service.timeline(conversation_id))
    index = events.index(("MESSAGE_RECOVERED", ""))
    assert events[index + 1] == ("MESSAGE_RELAYED", "")
    assert reconciled() == before + 1
    [result] = (await deployment.service.receive(message)).results
    assert result.outcome == ingest_pb2.INGEST_OUTCOME_REPEATED
    await deployment.service.quiet()
    assert deployment.service.sent_to(BOB_NUMBER) == ["hello"]


# The carrier receives them at the same time, or one second apart.
@pytest.mark.parametrize("seconds", [0, 1])
async def test_lost_messages_are_received_in_the_order_in_which_the_carrier_received_them(
    deployment: Deployment, seconds: int
) -> None:
    await deployment.open()
    bodies = ["one", "two", "three"]
    for body in (*bodies, "end"):
        deployment.lost(ALICE_NUMBER, body)
        deployment.clock.move(seconds=seconds)
    await deployment.run(hours=1)
    assert await deployment.service.heard(BOB_NUMBER, 4) == [
        *bodies,
        system_message(Template.ENDED),
    ]


async def test_a_message_that_was_received_is_recognised_and_recorded_no_second_time(
    deployment: Deployment,
) -> None:
    conversation_id, before = await deployment.open(), reconciled()
    message = deployment.lost(ALICE_NUMBER, "hello")
    message.attachments.add(url=PICTURE.url, content_type="image/png")
    await deployment.service.receive(message)
    for _ in range(3):
        await deployment.run(minutes=5)
    await deployment.service.heard(BOB_NUMBER, 1)
    await deployment.service.quiet()
    assert deployment.service.sent_to(BOB_NUMBER) == ["hello"]
    events = kinds(await deployment.service.timeline(conversation_id))
    assert not {"MESSAGE_DUPLICATE_RECEIVED", "MESSAGE_RECOVERED"} & {kind for kind, _ in events}
    assert reconciled() == before


async def test_a_message_whose_callback_may_still_come_is_left_for_the_next_run(
    deployment: Deployment,
) -> None:
    await deployment.open()
    deployment.clock.move(seconds=(INTERVAL - RESENDS).total_seconds() + 1)
    deployment.lost(ALICE_NUMBER, "hello")
    await deployment.run(seconds=RESENDS.total_seconds() - 1)
    await deployment.service.quiet()
    assert deployment.service.sent_to(BOB_NUMBER) == []
    await deployment.run(minutes=5)
    assert await deployment.service.heard(BOB_NUMBER, 1) == ["hello"]


async def test_words_that_cannot_be_fetched_delay_no_other_message(deployment: Deployment) -> None:
    """The pass is repeated for them, until they can be or are refused."""
    conversation_id = await deployment.open()
    deployment.lost(BOB_NUMBER, "")
    deployment.carrier.records[0].attachments.add(url="https://a.test/1", content_type="text/plain")
    deployment.carrier.texts["https://a.test/1"] = "STOP"
    deployment.clock.move(seconds=INTERVAL.total_seconds())
    deployment.carrier.records[0].carrier_time.FromDatetime(deployment.clock.now())
    deployment.lost(ALICE_NUMBER, "hello")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversation_service.application.inbound.text_parts.MAX_WAIT", INTERVAL)
        deployment.carrier.store_is_down = True
        await deployment.run(seconds=RESENDS.total_seconds())
        assert await deployment.service.heard(BOB_NUMBER, 1) == ["hello"]
        deployment.carrier.store_is_down = False
        await deployment.run(seconds=1)
    ended = await deployment.service.get(conversation_id)
    assert ended.end_reason == conversation_pb2.END_REASON_OPTED_OUT


async def test_records_that_no_pool_can_receive_are_skipped(deployment: Deployment) -> None:
    await deployment.open()
    for _ in range(3):
        deployment.lost(ALICE_NUMBER, "strange")
    records = deployment.carrier.records
    records[0].to_number = "+12065550199"
    records[1].from_number = "short"
    records[2].carrier_message_id = ""
    await deployment.service.receive(deployment.lost(CAROL_NUMBER, "known by another body"))
    records[3].body = "as the record has it"
    deployment.lost(ALICE_NUMBER, "fine")
    await deployment.run(minutes=5)
    assert await deployment.service.heard(BOB_NUMBER, 1) == ["fine"]


async def test_the_records_are_read_once_per_interval_by_whichever_replica(
    deployment: Deployment,
) -> None:
    carrier, clock = deployment.carrier, deployment.clock
    assert await deployment.run(minutes=4) == 60.0
    assert carrier.requested_since == []
    await deployment.run(minutes=1)
    async with connected(deployment.redis_url, clock, messaging=carrier) as another:
        assert await another.wiring.reconciliation(INTERVAL).run_once() == INTERVAL.total_seconds()
    assert len(carrier.requested_since) == 1


async def test_one_replica_reads_the_records_at_a_time(deployment: Deployment) -> None:
    cursor = ReconciliationCursor(Storage(deployment.redis, CIPHER))
    token = await cursor.acquire_lease(timedelta(minutes=1))
    assert 0 < await deployment.run(minutes=5) < INTERVAL.total_seconds()
    assert deployment.carrier.requested_since == []
    await cursor.release_lease(token or "")
    await deployment.run()
    assert len(deployment.carrier.requested_since) == 1
    assert not await deployment.redis.exists(KEYS.reconciliation_lease)


async def test_a_run_that_fails_is_repeated_from_the_same_time_on(deployment: Deployment) -> None:
    await deployment.open()
    deployment.lost(ALICE_NUMBER, "hello")
    deployment.carrier.is_down = True
    for _ in range(2):
        with pytest.raises(BackendUnavailable):
            await deployment.run(hours=1)
    assert not await deployment.redis.exists(KEYS.reconciliation_lease)
    deployment.carrier.is_down = False
    await deployment.run()
    assert await deployment.service.heard(BOB_NUMBER, 1) == ["hello"]


async def test_the_first_run_ever_ignores_earlier_messages(deployment: Deployment) -> None:
    """The number may have been somebody else's, who replied to them."""
    await deployment.redis.delete(KEYS.reconciliation)
    deployment.lost(ALICE_NUMBER, "start")
    await deployment.run(minutes=1)
    begin = deployment.clock.now().timestamp()
    for _ in range(2):
        await deployment.run(minutes=5)
    assert deployment.carrier.requested_since == [begin] * 2
    assert deployment.service.sent() == []


async def test_a_run_overlaps_the_last_one_and_looks_back_a_limited_time(
    deployment: Deployment,
) -> None:
    await deployment.run(hours=1)
    last = deployment.clock.now()
    await deployment.run(minutes=5)
    assert deployment.carrier.requested_since[-1] == (last - OVERLAP).timestamp()
    await deployment.run(days=30)
    assert (
        deployment.carrier.requested_since[-1] == (deployment.clock.now() - LOOK_BACK).timestamp()
    )


async def test_the_service_reconciles_by_itself_if_an_interval_is_set(
    deployment: Deployment,
) -> None:
    async def has_begun() -> bool:
        return bool(await deployment.redis.exists(KEYS.reconciliation))

    await deployment.open()
    await deployment.redis.delete(KEYS.reconciliation)
    async with running(
        deployment.redis_url,
        deployment.clock,
        messaging=deployment.carrier,
        recovery_interval=timedelta(seconds=1),
    ):
        await eventually(has_begun)
        deployment.clock.move(seconds=1)
        deployment.lost(ALICE_NUMBER, "hello")
        deployment.clock.move(seconds=10)
        assert await deployment.service.heard(BOB_NUMBER, 1) == ["hello"]
