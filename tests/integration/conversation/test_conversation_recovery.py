"""Texts whose callbacks were lost are found in the carrier's records, and taken in once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

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
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.messaging.v1 import messaging_pb2
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
    """Has texts on record, which it lists in pages of one, the newest first."""

    records: list[messaging_pb2.InboundRecord] = field(default_factory=list)
    asked_since: list[float] = field(default_factory=list)
    lists_nothing: bool = False

    async def ListInboundRecords(
        self, request: messaging_pb2.ListInboundRecordsRequest, context: Context
    ) -> messaging_pb2.ListInboundRecordsResponse:
        if self.lists_nothing:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        since = request.start_time.ToMilliseconds()
        self.asked_since.append(since / 1000)
        found = [one for one in self.records if one.carrier_time.ToMilliseconds() >= since]
        at = int(request.page_token or 0)
        return messaging_pb2.ListInboundRecordsResponse(
            records=found[::-1][at : at + 1],
            next_page_token=str(at + 1) if at + 1 < len(found) else "",
        )


@pytest.fixture
def carrier() -> CarrierWithRecords:
    return CarrierWithRecords()


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: CarrierWithRecords
) -> AsyncIterator[RunningService]:
    """One replica before that carrier."""
    async with running(redis_url, clock, messaging=carrier) as one:
        yield one


@pytest.fixture
async def recovery(
    service: RunningService, redis_url: str, clock: ManualClock, carrier: CarrierWithRecords
) -> AsyncIterator[Reconciliation]:
    """Another replica's, which has looked for the first time ever."""
    async with connected(redis_url, clock, messaging=carrier) as replica:
        one = replica.wiring.reconciliation(INTERVAL)
        await one.run_once()
        yield one


def on_record(text: pb.InboundMessage, service: RunningService) -> messaging_pb2.InboundRecord:
    """What the carrier has of a text that it took just now."""
    record = messaging_pb2.InboundRecord(
        carrier_message_id=text.carrier_message_id,
        from_number=text.from_number,
        to_number=text.to_number,
        body=text.body,
    )
    record.carrier_time.FromDatetime(service.clock.now())
    return record


def takes(
    service: RunningService, carrier: CarrierWithRecords, number: str, body: str
) -> pb.InboundMessage:
    """The carrier takes a text; whether its callback comes is another question."""
    text = service.text(number, body)
    record = on_record(text, service)
    text.carrier_time.CopyFrom(record.carrier_time)
    carrier.records.append(record)
    return text


def recovered() -> float:
    return REGISTRY.get_sample_value("maskline_recovered_texts_total") or 0.0


async def test_a_lost_text_is_passed_on_and_told_of(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    before = recovered()
    takes(service, carrier, ALICE_NUMBER, "hello")
    service.clock.move(minutes=5)
    assert await recovery.run_once() == INTERVAL.total_seconds()
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]
    told = kinds(await service.timeline(conversation.conversation_id))
    at = told.index(("MESSAGE_RECOVERED", ""))
    assert told[at + 1] == ("MESSAGE_RELAYED", "")
    assert recovered() == before + 1


async def test_lost_texts_are_taken_in_as_they_were_texted(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for body in ("one", "two", "three", "end"):
        takes(service, carrier, ALICE_NUMBER, body)
        service.clock.move(seconds=1)
    service.clock.move(hours=1)
    await recovery.run_once()
    assert await service.heard(BOB_NUMBER, 4) == ["one", "two", "three", says(Template.ENDED)]


async def test_lost_texts_of_the_same_moment_are_taken_in_as_they_were_texted(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for body in ("one", "two", "three"):
        takes(service, carrier, ALICE_NUMBER, body)
    service.clock.move(minutes=5)
    await recovery.run_once()
    assert await service.heard(BOB_NUMBER, 3) == ["one", "two", "three"]


async def test_a_conversation_that_begins_in_lost_texts_begins_all_the_same(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation
) -> None:
    code = (await service.start(ALICE_NUMBER)).code
    takes(service, carrier, BOB_NUMBER, f"join {code}")
    service.clock.move(seconds=5)
    takes(service, carrier, BOB_NUMBER, "it is me")
    service.clock.move(minutes=10)
    await recovery.run_once()
    _, *heard = await service.heard(ALICE_NUMBER, 3)
    assert heard == [says(Template.SOMEBODY_JOINED), "it is me"]


async def test_what_came_is_known_and_nothing_is_told_of_it_again(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    before = recovered()
    text = takes(service, carrier, ALICE_NUMBER, "hello")
    text.attachments.add(url=PICTURE.url, content_type="image/png")
    await service.receive(text)
    for _ in range(3):
        service.clock.move(minutes=5)
        await recovery.run_once()
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["hello"]
    told = kinds(await service.timeline(conversation.conversation_id))
    assert not {"MESSAGE_REPEATED", "MESSAGE_RECOVERED"} & {kind for kind, _ in told}
    assert recovered() == before


async def test_a_callback_that_comes_after_all_is_a_repetition(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    text = takes(service, carrier, ALICE_NUMBER, "hello")
    service.clock.move(minutes=5)
    await recovery.run_once()
    [result] = (await service.receive(text)).results
    assert result.outcome == pb.RECEIVE_OUTCOME_REPEATED
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["hello"]


async def test_a_text_whose_callback_may_still_come_is_left_alone(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.clock.move(seconds=(INTERVAL - RESENDS).total_seconds() + 1)
    takes(service, carrier, ALICE_NUMBER, "hello")
    service.clock.move(seconds=RESENDS.total_seconds() - 1)
    await recovery.run_once()
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == []
    service.clock.move(minutes=5)
    await recovery.run_once()
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]


async def test_texts_that_are_nobodys_are_passed_over(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for _ in range(3):
        takes(service, carrier, ALICE_NUMBER, "strange")
    carrier.records[0].to_number = "+12065550199"
    carrier.records[1].from_number = "short"
    carrier.records[2].carrier_message_id = ""
    known = takes(service, carrier, CAROL_NUMBER, "known by another body")
    await service.receive(known)
    carrier.records[3].body = "as the record has it"
    takes(service, carrier, ALICE_NUMBER, "fine")
    service.clock.move(minutes=5)
    await recovery.run_once()
    assert await service.heard(BOB_NUMBER, 1) == ["fine"]


async def test_it_looks_once_an_interval_whoever_looked_last(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation, redis_url: str
) -> None:
    service.clock.move(minutes=4)
    assert await recovery.run_once() == 60.0
    assert carrier.asked_since == []
    service.clock.move(minutes=1)
    await recovery.run_once()
    async with connected(redis_url, service.clock, messaging=carrier) as another:
        assert await another.wiring.reconciliation(INTERVAL).run_once() == INTERVAL.total_seconds()
    assert len(carrier.asked_since) == 1


async def test_one_replica_looks_at_a_time(
    carrier: CarrierWithRecords, recovery: Reconciliation, redis: Redis, clock: ManualClock
) -> None:
    clock.move(minutes=5)
    token = await ReconciliationCursor(redis).take_lease(timedelta(minutes=1))
    assert 0 < await recovery.run_once() < INTERVAL.total_seconds()
    assert carrier.asked_since == []
    await ReconciliationCursor(redis).release_lease(token or "")
    await recovery.run_once()
    assert len(carrier.asked_since) == 1
    assert not await redis.exists(KEYS.recovery_lease)


async def test_a_look_that_fails_is_taken_again_from_the_same_moment_on(
    service: RunningService, carrier: CarrierWithRecords, recovery: Reconciliation, redis: Redis
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    takes(service, carrier, ALICE_NUMBER, "hello")
    carrier.lists_nothing = True
    for _ in range(2):
        service.clock.move(hours=1)
        with pytest.raises(BackendUnavailable):
            await recovery.run_once()
    assert not await redis.exists(KEYS.recovery_lease)
    carrier.lists_nothing = False
    await recovery.run_once()
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]


async def test_the_first_start_ever_leaves_the_past_alone(
    service: RunningService, carrier: CarrierWithRecords, redis_url: str
) -> None:
    """The number may have been somebody else's, and its texts answered by them."""
    takes(service, carrier, ALICE_NUMBER, "start")
    service.clock.move(minutes=1)
    begun = service.clock.now()
    async with connected(redis_url, service.clock, messaging=carrier) as replica:
        recovery = replica.wiring.reconciliation(INTERVAL)
        for _ in range(3):
            await recovery.run_once()
            service.clock.move(minutes=5)
    assert carrier.asked_since == [begun.timestamp()] * 2
    assert service.sent() == []


async def test_it_looks_back_over_what_was_looked_at_and_not_endlessly(
    carrier: CarrierWithRecords, recovery: Reconciliation, clock: ManualClock
) -> None:
    clock.move(hours=1)
    await recovery.run_once()
    looked = clock.now()
    clock.move(minutes=5)
    await recovery.run_once()
    assert carrier.asked_since[-1] == (looked - OVERLAP).timestamp()
    clock.move(days=30)
    await recovery.run_once()
    assert carrier.asked_since[-1] == (clock.now() - LOOK_BACK).timestamp()


async def test_the_service_looks_by_itself_when_it_is_told_to(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: CarrierWithRecords
) -> None:
    async with running(
        redis_url, clock, messaging=carrier, recovery_interval=timedelta(seconds=1)
    ) as service:
        await service.open(ALICE_NUMBER, BOB_NUMBER)
        await eventually(partial(_has_begun, redis))
        clock.move(seconds=1)
        takes(service, carrier, ALICE_NUMBER, "hello")
        clock.move(seconds=10)
        assert await service.heard(BOB_NUMBER, 1) == ["hello"]


async def _has_begun(redis: Redis) -> bool:
    return bool(await redis.exists(KEYS.recovery))
