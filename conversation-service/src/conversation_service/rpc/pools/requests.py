"""Requests about pools as settings and numbers. Each function raises InvalidArgument."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from conversation_service.domain.commands.operator.masked_numbers import UpdateMaskedNumber
from conversation_service.domain.commands.operator.pools import NUMBERS_LIMIT, UpdatePool
from conversation_service.domain.commands.operator.settings_update import (
    exists,
    names_after,
)
from conversation_service.domain.errors import FieldViolation, InvalidArgument
from conversation_service.domain.model.pool import MaskedNumber, PoolSettings
from conversation_service.domain.model.pool_validation import settings_violations
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.rpc.pools.settings import enum_violations, settings_from_proto
from maskline.admin.v1 import pool_pb2 as pb


class _NumberChange(Protocol):
    request_id: str
    pool_id: str
    masked_number: str


def new_pool(request: pb.CreatePoolRequest) -> tuple[PoolSettings, tuple[MaskedNumber, ...]]:
    """Settings and numbers of a new pool."""
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.pool_id("pool_id", request.pool_id)
    validator.max_items("masked_numbers", request.masked_numbers, NUMBERS_LIMIT)
    for index, number in enumerate(request.masked_numbers):
        validator.phone_number(f"masked_numbers[{index}]", number)
    validator.distinct("masked_numbers", request.masked_numbers)
    validator.add(enum_violations(request.settings, "settings"))
    settings = settings_from_proto(request.settings)
    validator.add(_under("settings", settings_violations(settings)))
    validator.check()
    return settings, tuple(map(MaskedNumber, request.masked_numbers))


def pool_update(request: pb.UpdatePoolRequest) -> UpdatePool:
    """Changes the settings that the update mask selects."""
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool.pool_id", request.pool.pool_id)
    validator.optional_identifier("pool.etag", request.pool.etag)
    validator.add(_mask_violations(request.update_mask.paths))
    validator.add(enum_violations(request.pool.settings, "pool.settings"))
    validator.check()
    return UpdatePool(
        request.request_id,
        settings_from_proto(request.pool.settings),
        tuple(tuple(path.split(".")[1:]) for path in request.update_mask.paths),
        request.pool.etag,
    )


def number_update(request: pb.UpdateMaskedNumberRequest) -> UpdateMaskedNumber:
    """Changes whether the number is reserved, which is all that its mask may name."""
    number = request.masked_number
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool_id", request.pool_id)
    validator.phone_number("masked_number.phone_number", number.phone_number)
    if set(request.update_mask.paths) != {"reserved"}:
        validator.add(
            [FieldViolation("update_mask", "must be reserved, as nothing else can change")]
        )
    validator.check()
    return UpdateMaskedNumber(request.request_id, number.phone_number, number.reserved)


def validate_number_change(request: _NumberChange) -> None:
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool_id", request.pool_id)
    validator.phone_number("masked_number", request.masked_number)
    validator.check()


def validate_number(request: pb.GetMaskedNumberRequest) -> None:
    validator = RequestValidator()
    validator.identifier("pool_id", request.pool_id)
    validator.phone_number("masked_number", request.masked_number)
    validator.check()


def validate_pool(pool: str) -> None:
    validator = RequestValidator()
    validator.identifier("pool_id", pool)
    validator.check()


def validate_pool_list(request: pb.ListPoolsRequest) -> None:
    """A page token is the id of the last pool of a page."""
    validator = RequestValidator()
    validator.page_size(request.page_size)
    if request.page_token:
        validator.pool_id("page_token", request.page_token)
    validator.check()


def validate_number_list(request: pb.ListMaskedNumbersRequest) -> None:
    """A page token is the last number of a page."""
    validator = RequestValidator()
    validator.identifier("pool_id", request.pool_id)
    validator.page_size(request.page_size)
    validator.optional_phone_number("page_token", request.page_token)
    validator.check()


def in_settings(refusal: InvalidArgument) -> InvalidArgument:
    """Names the fields as UpdatePool does."""
    return InvalidArgument(_under("pool.settings", refusal.violations))


def _mask_violations(paths: Sequence[str]) -> Iterator[FieldViolation]:
    """Of unknown paths only the first, with what there is instead."""
    if not paths:
        yield FieldViolation("update_mask", "at least one path, such as settings.retention.events")
    for problem in islice(filter(None, map(_mask_problem, paths)), 1):
        yield FieldViolation("update_mask", problem)


def _mask_problem(path: str) -> str:
    first, *rest = path.split(".")
    known = tuple(rest)
    if first != "settings":
        return "only settings can be changed"
    while not exists(known):
        known = known[:-1]
    if len(known) == len(rest):
        return ""
    names = ", ".join(names_after(known))
    return f"{'.'.join((first, *known))} has {f'only {names}' if names else 'no parts'}"


def _under(field: str, violations: Iterable[FieldViolation]) -> list[FieldViolation]:
    return [FieldViolation(f"{field}.{name}", text) for name, text in violations]
