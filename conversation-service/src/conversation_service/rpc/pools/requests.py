"""What operators ask about pools, as settings and numbers."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, Protocol

from google.protobuf.duration_pb2 import Duration

from conversation_service.domain.commands.operator.pools import NUMBERS_LIMIT
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
from maskline.conversation.v1 import pool_pb2 as pb

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

_SPANS = tuple(name for name in FIELDS if isinstance(getattr(_DEFAULTS, name), timedelta))

_SWITCHES = ("allows_block", "allows_report", "allows_erase", "end_opts_out")

# What a Duration may hold, by its own comments.
LONGEST_SECONDS = 315_576_000_000

_COUNTS = ("segments_per_minute", "segments_per_day")


class _OfNumber(Protocol):
    request_id: str
    pool: str
    masked_number: str


def created(request: pb.CreatePoolRequest) -> tuple[PoolSettings, tuple[MaskedNumber, ...]]:
    """Settings and numbers of a new pool. Raises InvalidArgument."""
    shape = RequestValidator()
    shape.identifier("request_id", request.request_id)
    shape.pool_name("name", request.name)
    shape.at_most("masked_numbers", request.masked_numbers, NUMBERS_LIMIT)
    for at, number in enumerate(request.masked_numbers):
        shape.phone_number(f"masked_numbers[{at}]", number)
    shape.distinct("masked_numbers", request.masked_numbers)
    _check_enums(shape, request.settings)
    settings = settings_of(request.settings)
    shape.add(_inside(settings_violations(settings)))
    shape.check()
    return settings, tuple(map(MaskedNumber, request.masked_numbers))


def updated(request: pb.UpdatePoolRequest) -> tuple[PoolSettings, tuple[str, ...]]:
    """The new values and which of them count. Raises InvalidArgument."""
    shape = RequestValidator()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.each_of("update_mask", request.update_mask.paths, FIELDS)
    _check_enums(shape, request.settings)
    shape.check()
    return settings_of(request.settings), tuple(request.update_mask.paths)


def check_number(request: _OfNumber) -> None:
    """Raises InvalidArgument."""
    shape = RequestValidator()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.phone_number("masked_number", request.masked_number)
    shape.check()


def check_pool(pool: str) -> None:
    """Raises InvalidArgument."""
    shape = RequestValidator()
    shape.identifier("pool", pool)
    shape.check()


def check_list(page_size: int, token: str, pool: str | None = None) -> None:
    """Raises InvalidArgument."""
    shape = RequestValidator()
    if pool is not None:
        shape.identifier("pool", pool)
    shape.not_negative("page_size", page_size)
    shape.place("page_token", token)
    shape.check()


def settings_of(message: pb.PoolSettings) -> PoolSettings:
    """Settings as they are written; what is absent has its default."""
    given: dict[str, Any] = {
        "language": message.language or None,
        "number_preference": PREFERENCES.get(message.number_preference),
        "pause_policy": _PAUSE_POLICIES.get(message.pause_policy),
        "unknown_policy": _UNKNOWN_POLICIES.get(message.unknown_policy),
        "attachment_policy": _ATTACHMENT_POLICIES.get(message.attachment_policy),
        "words": {kind: tuple(words.words) for kind, words in message.words.items()},
        "texts": dict(message.texts),
    }
    present = {field.name for field, _ in message.ListFields()}
    for name in present.intersection((*_SPANS, *_SWITCHES, *_COUNTS)):
        given[name] = _plain(getattr(message, name))
    set_ = {name: value for name, value in given.items() if value is not None}
    return replace(_DEFAULTS, operator=message.operator, **set_)


def _plain(value: Any) -> object:  # noqa: ANN401 - a Duration, flag or count
    return value if isinstance(value, int) else _span(value)


def _span(duration: Duration) -> timedelta:
    """The rules refuse what is too long; beyond this no timedelta could be made of it."""
    seconds = max(-LONGEST_SECONDS, min(duration.seconds, LONGEST_SECONDS))
    return Duration(seconds=seconds, nanos=duration.nanos).ToTimedelta()


def _check_enums(shape: RequestValidator, message: pb.PoolSettings) -> None:
    shape.unknown_enum("settings.number_preference", message.number_preference, PREFERENCES)
    shape.unknown_enum("settings.pause_policy", message.pause_policy, _PAUSE_POLICIES)
    shape.unknown_enum("settings.unknown_policy", message.unknown_policy, _UNKNOWN_POLICIES)
    files = message.attachment_policy
    shape.unknown_enum("settings.attachment_policy", files, _ATTACHMENT_POLICIES)


def _inside(violations: Sequence[FieldViolation]) -> list[FieldViolation]:
    return [FieldViolation(f"settings.{one.field}", one.description) for one in violations]


def in_settings(refusal: InvalidArgument) -> InvalidArgument:
    """A refusal of the decision, named as the request names the fields."""
    return InvalidArgument(_inside(refusal.violations))


def page(items: Sequence[Any], size: int, token: str) -> tuple[Sequence[Any], str]:
    """A part of a short list, from the place `token` on, and what leads to the next one."""
    start = int(token or 0)
    following = str(start + size) if start + size < len(items) else ""
    return items[start : start + size], following
