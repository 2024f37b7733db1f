"""Reads the TOML file of pools."""

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
        raise ValueError('must be a number in E.164, such as "+12065550100"')
    return number


_Number = Annotated[str, AfterValidator(_checked_number)]

# Only what a timedelta can hold; settings_violations() has the sensible limits.
_Seconds = Annotated[int, Field(ge=0, le=10**9)]


class _Pool(BaseModel):
    """The types of the settings. PoolSettings has the defaults of what is not set."""

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
    max_message_segments: int | None = None
    relayed_per_minute: int | None = None
    relayed_per_day: int | None = None
    allows_block: bool | None = None
    allows_report: bool | None = None
    allows_erase: bool | None = None
    end_opts_out: bool | None = None
    words: dict[str, tuple[str, ...]] | None = None
    texts: dict[str, str] | None = None
    system_message_prefix: str | None = None


class _PoolsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pools: dict[str, _Pool] = Field(min_length=1)


def read_pools(path: Path) -> tuple[SeededPool, ...]:
    """Raises PoolsFileError, which names all violations in the file."""
    tables = _tables(path)
    pools = tuple(_pool(name, table) for name, table in tables.items())
    violations = [*_name_violations(pools), *_setting_violations(pools), *_repeated_numbers(tables)]
    if violations:
        raise PoolsFileError(f"{path} does not describe pools: {'; '.join(violations)}")
    return pools


def _tables(path: Path) -> Mapping[str, _Pool]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _PoolsFile.model_validate(content).pools
    except (OSError, UnicodeDecodeError) as error:
        raise PoolsFileError(f"{path} cannot be read: {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise PoolsFileError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        details = "; ".join(
            f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()
        )
        raise PoolsFileError(f"{path} does not describe pools: {details}") from error


def _pool(name: str, table: _Pool) -> SeededPool:
    values = table.model_dump(exclude_unset=True, exclude={"numbers", "reserved_numbers"})
    settings = PoolSettings(**dict(map(_setting, values.items())))
    reserved = (MaskedNumber(number, is_reserved=True) for number in table.reserved_numbers)
    return SeededPool(name, settings, (*map(MaskedNumber, table.numbers), *reserved))


def _setting(item: tuple[str, Any]) -> tuple[str, Any]:
    key, value = item
    if key.endswith(_SECONDS):
        return key.removesuffix(_SECONDS), timedelta(seconds=value)
    return key, value


def _name_violations(pools: tuple[SeededPool, ...]) -> Iterator[str]:
    for pool in pools:
        if not POOL_NAME.fullmatch(pool.name):
            yield (
                f"pools.{pool.name}: a pool's name has up to 32 lower-case letters, digits and "
                "hyphens, and does not begin with a hyphen"
            )


def _setting_violations(pools: tuple[SeededPool, ...]) -> Iterator[str]:
    for pool in pools:
        for field, description in settings_violations(pool.settings):
            key = f"{field}{_SECONDS}" if f"{field}{_SECONDS}" in _Pool.model_fields else field
            yield f"pools.{pool.name}.{key}: {description}"


def _repeated_numbers(tables: Mapping[str, _Pool]) -> Iterator[str]:
    first_places: dict[str, str] = {}
    for name, table in tables.items():
        for key in ("numbers", "reserved_numbers"):
            for index, number in enumerate(getattr(table, key)):
                place = f"pools.{name}.{key}.{index}"
                if (first := first_places.setdefault(number, place)) != place:
                    yield f"{place}: is listed twice, first as {first}"
