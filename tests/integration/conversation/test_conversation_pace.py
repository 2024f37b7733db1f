"""A full account, an outage, and the settings of a pool as they are now, over real gRPC."""

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

FULL = pb.SendMessageResult(
    outcome=pb.SEND_OUTCOME_NOT_SENT,
    retry_delay=Duration(seconds=2),
    error=pb.ItemError(reason=error_reason_pb2.ERROR_REASON_SEND_PACED),
)


async def asked_for(service: RunningService, texts: int) -> None:
    """Waits until as many texts were handed over, whatever was answered."""

    async def were_asked_for() -> bool:
        return len(service.messaging.asked_for) >= texts

    await eventually(were_asked_for)


async def test_a_full_account_delays_texts_and_loses_none(
    service: RunningService, clock: ManualClock
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.answers["one"] = [FULL] * 3
    for body in ("one", "two"):
        await service.says(BOB_NUMBER, body)
    await asked_for(service, 1)
    assert service.sent_to(ALICE_NUMBER) == []

    async def have_arrived_meanwhile() -> bool:
        clock.move(seconds=2)
        return len(service.sent_to(ALICE_NUMBER)) == 2

    await eventually(have_arrived_meanwhile)
    assert service.sent_to(ALICE_NUMBER) == ["one", "two"]
    assert service.messaging.answers["one"] == []


async def test_settings_count_from_the_next_text_on_whichever_replica_changed_them(
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


def shown(name: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"pool": "main"})


async def test_the_age_of_what_waits_longest_is_shown(
    service: RunningService, clock: ManualClock
) -> None:
    service.messaging.is_down = True
    await service.says(ALICE_NUMBER, "start")
    clock.move(seconds=90)

    async def is_told() -> bool:
        return shown("maskline_oldest_waiting_text_seconds") == 90

    await eventually(is_told)
    assert shown("maskline_waiting_texts") == 1
    service.messaging.is_down = False
    clock.move(seconds=60)
    await service.heard(ALICE_NUMBER, 1)

    async def nothing_waits() -> bool:
        return shown("maskline_oldest_waiting_text_seconds") == 0

    await eventually(nothing_waits)
    assert shown("maskline_waiting_texts") == 0
