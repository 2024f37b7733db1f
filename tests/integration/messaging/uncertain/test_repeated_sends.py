"""A carrier that carries a repeated send out once gets it again, and no look-up."""

import grpc
import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.uncertain.schedule import MAX_RESENDS
from support.clock import ManualClock
from support.fakes.parcel_carrier import ParcelRequest, RepeatingParcelCarrier
from support.fakes.scripted_carrier import response, scripted_carrier
from support.services.messaging_service import serving, settings_for, text

LOOKUPS = (5, 15, 60, 300)
TEXT = text("m1", prefers=pb.UNCERTAIN_SEND_POLICY_PREFER_LOSS)


@pytest.mark.parametrize("losses", [1, 3])
async def test_a_lost_answer_is_repeated_with_the_same_key_whatever_the_policy(
    redis: Redis, redis_url: str, clock: ManualClock, losses: int
) -> None:
    async with (
        scripted_carrier(RepeatingParcelCarrier) as carrier,
        serving(settings_for(redis_url, carrier.url), clock, carrier.open) as messaging,
    ):
        carrier.always(None)
        for seconds in LOOKUPS[:losses]:
            lost = await messaging.send_one(TEXT)
            assert (lost.outcome, lost.HasField("retry_delay")) == (pb.SEND_OUTCOME_UNCERTAIN, True)
            # Not before its time.
            clock.move(seconds=seconds - 0.1)
            await messaging.send_one(TEXT)
            clock.move(seconds=0.1)
        carrier.script = carrier.takes
        sent = await messaging.send_one(TEXT)
        assert sent.outcome == pb.SEND_OUTCOME_SENT
        assert sent.resolution == pb.SEND_RESOLUTION_SENT_AGAIN
        requests = [one for one in carrier.requests if isinstance(one, ParcelRequest)]
        assert len(requests) == losses + 1
        assert {one.key for one in requests} == {"m1"}
        assert len({one.send_token for one in requests}) == losses + 1
        # A receipt of any of them finds the message.
        [recorded] = await messaging.record(
            carrier.receipt("", "delivered", requests[0].send_token)
        )
        assert recorded.message.state == pb.MESSAGE_STATE_DELIVERED


async def test_a_carrier_that_keeps_failing_is_left_to_the_policy(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with (
        scripted_carrier(RepeatingParcelCarrier) as carrier,
        serving(settings_for(redis_url, carrier.url), clock, carrier.open) as messaging,
    ):
        carrier.always(response(500))
        result = await messaging.send_one(TEXT)
        for _ in range(MAX_RESENDS + 3):
            clock.move(minutes=10)
            result = await messaging.send_one(TEXT)
        assert (result.outcome, result.HasField("retry_delay")) == (
            pb.SEND_OUTCOME_UNCERTAIN,
            False,
        )
        assert result.failure.reason == pb.FAILURE_REASON_UNRESOLVED
        assert len(carrier.requests) == MAX_RESENDS + 1


async def test_inbound_records_are_not_offered(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with (
        scripted_carrier(RepeatingParcelCarrier) as carrier,
        serving(settings_for(redis_url, carrier.url), clock, carrier.open) as messaging,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.list_inbound(clock.now())
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert carrier.listings == []
