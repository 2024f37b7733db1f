"""A full account, an outage, and the current settings of a pool, over real gRPC."""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from prometheus_client import REGISTRY

from maskline.conversation.v1 import pool_pb2
from maskline.messaging.v1 import error_reason_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER, SETTINGS
from support.eventually import eventually

THROTTLED = pb.SendMessageResult(
    outcome=pb.SEND_OUTCOME_NOT_SENT,
    retry_delay=Duration(seconds=2),
    error=pb.ItemError(reason=error_reason_pb2.ERROR_REASON_SEND_PACED),
)


async def test_a_full_account_delays_messages_and_loses_none(
    service: RunningService, clock: ManualClock
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.answers["one"] = [THROTTLED] * 3
    for body in ("one", "two"):
        await service.says(BOB_NUMBER, body)

    async def was_requested() -> bool:
        return bool(service.messaging.asked_for)

    await eventually(was_requested)
    assert service.sent_to(ALICE_NUMBER) == []

    async def have_arrived_meanwhile() -> bool:
        clock.move(seconds=2)
        return len(service.sent_to(ALICE_NUMBER)) == 2

    await eventually(have_arrived_meanwhile)
    assert service.sent_to(ALICE_NUMBER) == ["one", "two"]
    assert service.messaging.answers["one"] == []


async def test_changed_settings_hold_from_the_next_message_on_for_every_replica(
    service: RunningService, another: RunningService
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(BOB_NUMBER, "before")
    await service.heard(ALICE_NUMBER, 1)
    request = pool_pb2.UpdatePoolRequest(
        settings=pool_pb2.PoolSettings(operator=SETTINGS.operator, segments_per_minute=60),
        update_mask=FieldMask(paths=["segments_per_minute"]),
    )
    await ask(another.pools.UpdatePool, request)
    await another.says(BOB_NUMBER, "after")
    await service.heard(ALICE_NUMBER, 2)
    before, after = service.sent()
    assert not before.HasField("campaign_budget")
    assert after.campaign_budget == pb.CampaignBudget(segments_per_minute=60)


async def test_the_gauges_show_how_long_the_oldest_message_waits(
    service: RunningService, clock: ManualClock
) -> None:
    async def shown(age: float, waiting: int) -> None:
        async def are_shown() -> bool:
            names = ("maskline_oldest_waiting_text_seconds", "maskline_waiting_texts")
            values = [REGISTRY.get_sample_value(name, {"pool": "main"}) for name in names]
            return values == [age, waiting]

        await eventually(are_shown)

    service.messaging.is_down = True
    await service.says(ALICE_NUMBER, "start")
    clock.move(seconds=90)
    await shown(90, 1)
    service.messaging.is_down = False
    clock.move(seconds=60)
    await service.heard(ALICE_NUMBER, 1)
    await shown(0, 0)
