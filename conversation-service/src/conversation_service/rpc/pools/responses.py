"""Pools and masked numbers in protobuf."""

from conversation_service.application.admin.pools import NumberDifferences, NumberUse
from conversation_service.domain.model.capacity import CapacityReport
from conversation_service.domain.model.pool import NumberState, Pool
from conversation_service.rpc.core.convert import timestamp
from conversation_service.rpc.pools.settings import settings_to_proto
from maskline.admin.v1 import pool_pb2 as pb

_NUMBER_STATES = {
    state: pb.MaskedNumberState.Value(f"MASKED_NUMBER_STATE_{state}") for state in NumberState
}


def pool_to_proto(pool: Pool) -> pb.Pool:
    """Without the numbers, which ListMaskedNumbers returns."""
    return pb.Pool(
        pool_id=pool.name,
        settings=settings_to_proto(pool.settings),
        masked_number_count=len(pool.numbers),
        etag=pool.version,
        source=pb.POOL_SOURCE_FILE if pool.is_seeded else pb.POOL_SOURCE_API,
    )


def number_to_proto(use: NumberUse) -> pb.MaskedNumber:
    number = use.number
    return pb.MaskedNumber(
        phone_number=number.phone_number,
        state=_NUMBER_STATES[number.state],
        reserved=number.is_reserved,
        live_conversation_count=use.live_count,
    )


def differences_to_proto(differences: NumberDifferences) -> pb.CompareMaskedNumbersResponse:
    return pb.CompareMaskedNumbersResponse(
        masked_numbers_not_at_carrier=differences.not_at_carrier,
        masked_numbers_without_messaging=differences.without_messaging,
        carrier_numbers_in_no_pool=differences.in_no_pool,
    )


def capacity_to_proto(report: CapacityReport) -> pb.PoolCapacity:
    return pb.PoolCapacity(
        available_number_count=report.available_numbers,
        live_conversation_count=report.live_conversations,
        busiest_person_conversation_count=report.max_held,
        needed_number_count=report.needed_numbers,
        exhaustion_time=timestamp(report.exhaustion_time),
    )
