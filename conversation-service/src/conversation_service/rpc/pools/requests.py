"""Requests about pools as settings and numbers. Each function raises InvalidArgument."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from google.protobuf.duration_pb2 import Duration

from conversation_service.domain.commands.operator.pools import NUMBERS_LIMIT, UpdatePool
from conversation_service.domain.errors import FieldViolation, InvalidArgument
from conversation_service.domain.model.pool import (
    AttachmentPolicy,
    MaskedNumber,
    PausePolicy,
    PoolSettings,
    UnknownPolicy,
)
from conversation_service.domain.model.pool_validation import settings_violations
from conversation_service.rpc.conversations.requests import PREFERENCES
from conversation_service.rpc.core.validation import RequestValidator
from maskline.admin.v1 import pool_pb2 as pb

FIELDS = tuple(field.name for field in fields(PoolSettings))

_DEFAULTS = PoolSettings(operator="")

_PAUSE_POLICIES = {
    pb.PAUSE_POLICY_UNSPECIFIED: None,
    pb.PAUSE_POLICY_HOLD: PausePolicy.HOLD,
    pb.PAUSE_POLICY_REFUSE: PausePolicy.REFUSE,
}

_UNKNOWN_POLICIES = {
    pb.UNKNOWN_POLICY_UNSPECIFIED: None,
    pb.UNKNOWN_POLICY_PREFER_DUPLICATE: UnknownPolicy.PREFER_DUPLICATE,
    pb.UNKNOWN_POLICY_PREFER_LOSS: UnknownPolicy.PREFER_LOSS,
}

_ATTACHMENT_POLICIES = {
    pb.ATTACHMENT_POLICY_UNSPECIFIED: None,
    pb.ATTACHMENT_POLICY_NONE: AttachmentPolicy.NONE,
    pb.ATTACHMENT_POLICY_PICTURES: AttachmentPolicy.PICTURES,
    pb.ATTACHMENT_POLICY_ALL: AttachmentPolicy.ALL,
}

_DURATIONS = tuple(name for name in FIELDS if isinstance(getattr(_DEFAULTS, name), timedelta))

_FLAGS = ("allows_block", "allows_report", "allows_erase", "end_opts_out")

_COUNTS = (
    "segments_per_minute",
    "segments_per_day",
    "max_message_segments",
    "relayed_per_minute",
    "relayed_per_day",
)

# The range of a Duration, by its specification.
MAX_SECONDS = 315_576_000_000

Item = TypeVar("Item")


class _NumberChange(Protocol):
    request_id: str
    pool_id: str
    masked_number: str


def new_pool(request: pb.CreatePoolRequest) -> tuple[PoolSettings, tuple[MaskedNumber, ...]]:
    """Settings and numbers of a new pool."""
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.pool_name("name", request.name)
    validator.max_items("masked_numbers", request.masked_numbers, NUMBERS_LIMIT)
    for index, number in enumerate(request.masked_numbers):
        validator.phone_number(f"masked_numbers[{index}]", number)
    validator.distinct("masked_numbers", request.masked_numbers)
    _validate_enums(validator, request.settings)
    settings = settings_from_proto(request.settings)
    validator.add(_with_prefix(settings_violations(settings)))
    validator.check()
    return settings, tuple(map(MaskedNumber, request.masked_numbers))


def pool_update(request: pb.UpdatePoolRequest) -> UpdatePool:
    """Changes the settings that the update mask selects."""
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool_id", request.pool_id)
    validator.names("update_mask", request.update_mask.paths, FIELDS)
    validator.optional_identifier("etag", request.etag)
    _validate_enums(validator, request.settings)
    validator.check()
    return UpdatePool(
        request.request_id,
        settings_from_proto(request.settings),
        tuple(request.update_mask.paths),
        request.etag,
    )


def validate_number(request: _NumberChange) -> None:
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool_id", request.pool_id)
    validator.phone_number("masked_number", request.masked_number)
    validator.check()


def validate_pool(pool: str) -> None:
    validator = RequestValidator()
    validator.identifier("pool_id", pool)
    validator.check()


def validate_list(page_size: int, token: str, pool: str | None = None) -> None:
    """A page of pools, or of the numbers of one pool."""
    validator = RequestValidator()
    if pool is not None:
        validator.identifier("pool_id", pool)
    validator.page_size(page_size)
    validator.cursor_index("page_token", token)
    validator.check()


def settings_from_proto(message: pb.PoolSettings) -> PoolSettings:
    """Absent fields have their defaults."""
    values: dict[str, Any] = {
        "language": message.language or None,
        "system_message_prefix": message.system_message_prefix,
        "number_preference": PREFERENCES.get(message.number_preference),
        "pause_policy": _PAUSE_POLICIES.get(message.pause_policy),
        "unknown_policy": _UNKNOWN_POLICIES.get(message.unknown_policy),
        "attachment_policy": _ATTACHMENT_POLICIES.get(message.attachment_policy),
        "words": {keyword: tuple(words.words) for keyword, words in message.words.items()},
        "texts": dict(message.texts),
    }
    present = {field.name for field, _ in message.ListFields()}
    for name in present.intersection((*_DURATIONS, *_FLAGS, *_COUNTS)):
        value = getattr(message, name)
        values[name] = _timedelta(value) if isinstance(value, Duration) else value
    chosen = {name: value for name, value in values.items() if value is not None}
    return replace(_DEFAULTS, operator=message.operator, **chosen)


def _timedelta(duration: Duration) -> timedelta:
    """Limits the value to what a timedelta can hold; settings_violations() refuses far less."""
    seconds = max(-MAX_SECONDS, min(duration.seconds, MAX_SECONDS))
    return Duration(seconds=seconds, nanos=duration.nanos).ToTimedelta()


def _validate_enums(validator: RequestValidator, message: pb.PoolSettings) -> None:
    validator.enum("settings.number_preference", message.number_preference, PREFERENCES)
    validator.enum("settings.pause_policy", message.pause_policy, _PAUSE_POLICIES)
    validator.enum("settings.unknown_policy", message.unknown_policy, _UNKNOWN_POLICIES)
    validator.enum("settings.attachment_policy", message.attachment_policy, _ATTACHMENT_POLICIES)


def _with_prefix(violations: Sequence[FieldViolation]) -> list[FieldViolation]:
    return [FieldViolation(f"settings.{field}", text) for field, text in violations]


def in_settings(refusal: InvalidArgument) -> InvalidArgument:
    """Names the fields as the request does."""
    return InvalidArgument(_with_prefix(refusal.violations))


def page(items: Sequence[Item], size: int, token: str) -> tuple[Sequence[Item], str]:
    """A page of a short list, beginning at the index `token`, and the token of the next page."""
    start = int(token or 0)
    next_token = str(start + size) if start + size < len(items) else ""
    return items[start : start + size], next_token
