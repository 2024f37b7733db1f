"""Pools and masked numbers in protobuf."""

from conversation_service.application.admin.pools import NumberDifferences
from conversation_service.domain.model.capacity import CapacityReport
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool
from conversation_service.rpc.core.convert import timestamp
from conversation_service.rpc.pools.settings import settings_to_proto
from maskline.admin.v1 import pool_pb2 as pb

_NUMBER_STATES = {state: pb.NumberState.Value(f"NUMBER_STATE_{state}") for state in NumberState}


def pool_to_proto(pool: Pool) -> pb.Pool:
    """Without the numbers, which ListMaskedNumbers returns."""
    return pb.Pool(
        pool_id=pool.name,
        settings=settings_to_proto(pool.settings),
        masked_number_count=len(pool.numbers),
        etag=pool.version,
        source=pb.POOL_SOURCE_FILE if pool.is_seeded else pb.POOL_SOURCE_API,
    )


def number_to_proto(number: MaskedNumber, live: int) -> pb.MaskedNumber:
    """`live` is the count of live conversations on it."""
    return pb.MaskedNumber(
        phone_number=number.phone_number,
        state=_NUMBER_STATES[number.state],
        is_reserved=number.is_reserved,
        live_conversations=live,
    )


def differences_to_proto(differences: NumberDifferences) -> pb.CompareMaskedNumbersResponse:
    return pb.CompareMaskedNumbersResponse(
        missing_at_carrier=differences.missing_at_carrier,
        in_no_pool=differences.in_no_pool,
        not_messaging_enabled=differences.not_messaging_enabled,
    )


def capacity_to_proto(report: CapacityReport) -> pb.GetPoolCapacityResponse:
    return pb.GetPoolCapacityResponse(
        available_numbers=report.available_numbers,
        live_conversations=report.live_conversations,
        most_held_by_one_person=report.max_held,
        needed_numbers=report.needed_numbers,
        exhaustion_time=timestamp(report.exhaustion_time),
    )
