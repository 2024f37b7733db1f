"""Pools and masked numbers in protobuf."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from conversation_service.application.admin.pools import NumberDifferences
from conversation_service.domain.model.capacity import CapacityReport
from conversation_service.domain.model.pool import (
    AttachmentPolicy,
    MaskedNumber,
    NumberPreference,
    NumberState,
    PausePolicy,
    Pool,
    PoolSettings,
    UnknownPolicy,
)
from conversation_service.rpc.core.convert import timestamp
from maskline.admin.v1 import pool_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb

_PREFERENCES = {
    preference: selection_pb.NumberPreference.Value(f"NUMBER_PREFERENCE_{preference}")
    for preference in NumberPreference
}

_PAUSE_POLICIES = {policy: pb.PausePolicy.Value(f"PAUSE_POLICY_{policy}") for policy in PausePolicy}

_UNKNOWN_POLICIES = {
    policy: pb.UnknownPolicy.Value(f"UNKNOWN_POLICY_{policy}") for policy in UnknownPolicy
}

_ATTACHMENT_POLICIES = {
    policy: pb.AttachmentPolicy.Value(f"ATTACHMENT_POLICY_{policy}") for policy in AttachmentPolicy
}

_NUMBER_STATES = {state: pb.NumberState.Value(f"NUMBER_STATE_{state}") for state in NumberState}


def pool_to_proto(pool: Pool) -> pb.Pool:
    """Without the numbers, which ListMaskedNumbers returns."""
    return pb.Pool(
        name=pool.name,
        settings=_settings_to_proto(pool.settings),
        number_count=len(pool.numbers),
        etag=pool.version,
        is_seeded=pool.is_seeded,
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


def _settings_to_proto(settings: PoolSettings) -> pb.PoolSettings:
    return pb.PoolSettings(
        operator=settings.operator,
        language=settings.language,
        code_lifetime=_duration(settings.code_lifetime),
        idle_lifetime=_duration(settings.idle_lifetime),
        lifetime=_duration(settings.lifetime),
        warning_lead=_duration(settings.warning_lead),
        cool_off=_duration(settings.cool_off),
        reopen_grace=_duration(settings.reopen_grace),
        kept_after_end=_duration(settings.kept_after_end),
        receipts_kept=_duration(settings.receipts_kept),
        messages_kept=_duration(settings.messages_kept),
        events_kept=_duration(settings.events_kept),
        dead_letters_kept=_duration(settings.dead_letters_kept),
        number_preference=_PREFERENCES[settings.number_preference],
        pause_policy=_PAUSE_POLICIES[settings.pause_policy],
        allows_block=settings.allows_block,
        allows_report=settings.allows_report,
        allows_erase=settings.allows_erase,
        end_opts_out=settings.end_opts_out,
        words={keyword: pb.CommandWords(words=words) for keyword, words in settings.words.items()},
        texts=settings.texts,
        system_message_prefix=settings.system_message_prefix,
        text_validity=_duration(settings.text_validity),
        unknown_policy=_UNKNOWN_POLICIES[settings.unknown_policy],
        attachment_policy=_ATTACHMENT_POLICIES[settings.attachment_policy],
        segments_per_minute=settings.segments_per_minute,
        segments_per_day=settings.segments_per_day,
        max_message_segments=settings.max_message_segments,
        relayed_per_minute=settings.relayed_per_minute,
        relayed_per_day=settings.relayed_per_day,
    )


def _duration(value: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(value)
    return duration
