"""The TOML file that names the pools of a deployment."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from conversation_service.domain.commands.operator.pools import NUMBERS_LIMIT
from conversation_service.domain.model.participants import is_e164
from conversation_service.domain.model.pool import (
    POOL_NAME,
    AttachmentPolicy,
    MaskedNumber,
    NumberPreference,
    PausePolicy,
    PoolSettings,
    SeededPool,
    UnknownPolicy,
)
from conversation_service.domain.model.pool_validation import settings_violations

_SECONDS = "_seconds"


class PoolsFileError(Exception):
    """The pools file cannot be used; the message says where and why."""


def _checked_number(number: str) -> str:
    if not is_e164(number):
        raise ValueError('a number is written in E.164, such as "+12065550100"')
    return number


_Number = Annotated[str, AfterValidator(_checked_number)]

# What is sensible is ruled elsewhere; this is only what a timedelta can hold.
_Seconds = Annotated[int, Field(ge=0, le=10**9)]


class _Pool(BaseModel):
    """Types only. What is not set stays as PoolSettings has it, so there are no defaults here."""

    model_config = ConfigDict(extra="forbid")

    numbers: tuple[_Number, ...] = Field(min_length=1, max_length=NUMBERS_LIMIT)
    reserved_numbers: tuple[_Number, ...] = Field((), max_length=NUMBERS_LIMIT)
    operator: str
    language: str | None = None
    code_lifetime_seconds: _Seconds | None = None
    idle_lifetime_seconds: _Seconds | None = None
    lifetime_seconds: _Seconds | None = None
    warning_lead_seconds: _Seconds | None = None
    cool_off_seconds: _Seconds | None = None
    reopen_grace_seconds: _Seconds | None = None
    kept_after_end_seconds: _Seconds | None = None
    receipts_kept_seconds: _Seconds | None = None
    messages_kept_seconds: _Seconds | None = None
    events_kept_seconds: _Seconds | None = None
    dead_letters_kept_seconds: _Seconds | None = None
    number_preference: NumberPreference | None = None
    pause_policy: PausePolicy | None = None
    text_validity_seconds: _Seconds | None = None
    unknown_policy: UnknownPolicy | None = None
    attachment_policy: AttachmentPolicy | None = None
    segments_per_minute: int | None = None
    segments_per_day: int | None = None
    allows_block: bool | None = None
    allows_report: bool | None = None
    allows_erase: bool | None = None
    end_opts_out: bool | None = None
    words: dict[str, tuple[str, ...]] | None = None
    texts: dict[str, str] | None = None


class _PoolsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pools: dict[str, _Pool] = Field(min_length=1)


def read_pools(path: Path) -> tuple[SeededPool, ...]:
    """The pools in a file. Raises PoolsFileError for whatever is wrong with it."""
    listed = _tables(path)
    pools = tuple(_pool(name, table) for name, table in listed.items())
    problems = [*_name_problems(pools), *_rule_problems(pools), *_repeated_numbers(listed)]
    if problems:
        raise PoolsFileError(f"{path} does not describe pools: {'; '.join(problems)}")
    return pools


def _tables(path: Path) -> Mapping[str, _Pool]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return _PoolsFile.model_validate(tables).pools
    except (OSError, UnicodeDecodeError) as error:
        raise PoolsFileError(f"{path} cannot be read: {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise PoolsFileError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        told = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise PoolsFileError(f"{path} does not describe pools: {'; '.join(told)}") from error


def _pool(name: str, table: _Pool) -> SeededPool:
    chosen = table.model_dump(exclude_unset=True, exclude={"numbers", "reserved_numbers"})
    settings = PoolSettings(**dict(map(_setting, chosen.items())))
    reserved = (MaskedNumber(number, is_reserved=True) for number in table.reserved_numbers)
    return SeededPool(name, settings, (*map(MaskedNumber, table.numbers), *reserved))


def _setting(chosen: tuple[str, Any]) -> tuple[str, Any]:
    key, value = chosen
    if key.endswith(_SECONDS):
        return key.removesuffix(_SECONDS), timedelta(seconds=value)
    return key, value


def _name_problems(pools: tuple[SeededPool, ...]) -> Iterator[str]:
    for pool in pools:
        if not POOL_NAME.fullmatch(pool.name):
            told = "a pool's name has up to 32 lower-case letters, digits and hyphens"
            yield f"pools.{pool.name}: {told}, and begins with no hyphen"


def _rule_problems(pools: tuple[SeededPool, ...]) -> Iterator[str]:
    for pool in pools:
        for field, told in settings_violations(pool.settings):
            key = f"{field}{_SECONDS}" if f"{field}{_SECONDS}" in _Pool.model_fields else field
            yield f"pools.{pool.name}.{key}: {told}"


def _repeated_numbers(listed: Mapping[str, _Pool]) -> Iterator[str]:
    places: dict[str, str] = {}
    for name, table in listed.items():
        for key in ("numbers", "reserved_numbers"):
            for index, number in enumerate(getattr(table, key)):
                here = f"pools.{name}.{key}.{index}"
                if (first := places.setdefault(number, here)) != here:
                    yield f"{here}: is listed twice, first as {first}"
