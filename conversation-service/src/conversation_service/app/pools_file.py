"""Reads the TOML file of pools."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from conversation_service.domain.commands.operator.pools import NUMBERS_LIMIT
from conversation_service.domain.model.participants import is_e164
from conversation_service.domain.model.pool import (
    POOL_NAME,
    ConsentSettings,
    KeywordSettings,
    LifecycleSettings,
    MaskedNumber,
    PoolSettings,
    RelaySettings,
    RetentionSettings,
    SeededPool,
    SendingSettings,
)
from conversation_service.domain.model.pool_validation import settings_violations

# Only what a timedelta can hold; settings_violations() has the sensible limits.
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)

_NO_DURATION = 'must be a duration, such as "90s", "15m", "24h", "7d" or "1d12h"'

_NUMBER_LISTS = ("masked_numbers", "reserved_masked_numbers")

_DEFAULTS = PoolSettings(operator_name="", contact="")


class PoolsFileError(Exception):
    """The pools file cannot be used; the message says where and why."""


def _checked_number(number: str) -> str:
    if not is_e164(number):
        raise ValueError('must be a number in E.164, such as "+12065550100"')
    return number


_Number = Annotated[str, AfterValidator(_checked_number)]


class _Pool(BaseModel):
    """A pool's masked numbers and the fields of PoolSettings."""

    model_config = ConfigDict(extra="forbid")

    masked_numbers: tuple[_Number, ...] = Field(min_length=1, max_length=NUMBERS_LIMIT)
    reserved_masked_numbers: tuple[_Number, ...] = Field((), max_length=NUMBERS_LIMIT)
    operator_name: str
    contact: str
    language: str = _DEFAULTS.language
    lifecycle: LifecycleSettings = _DEFAULTS.lifecycle
    retention: RetentionSettings = _DEFAULTS.retention
    sending: SendingSettings = _DEFAULTS.sending
    relay: RelaySettings = _DEFAULTS.relay
    keywords: KeywordSettings = _DEFAULTS.keywords
    consent: ConsentSettings = _DEFAULTS.consent
    templates: dict[str, str] = {}
    system_message_prefix: str = _DEFAULTS.system_message_prefix

    @model_validator(mode="before")
    @classmethod
    def _parse_durations(cls, table: object) -> object:
        return _with_durations(table, _DEFAULTS)


class _PoolsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pools: dict[str, _Pool] = Field(min_length=1)


def _with_durations(value: object, default: object) -> object:
    """The value with durations where the settings have them; None for what is no duration."""
    if is_dataclass(default) and isinstance(value, dict):
        return {
            key: _with_durations(inner, getattr(default, key, None)) for key, inner in value.items()
        }
    return _duration(value) if isinstance(default, timedelta) else value


def _duration(value: object) -> timedelta | None:
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        return None
    days, hours, minutes, seconds = (int(count or 0) for count in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


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
            f"{'.'.join(map(str, detail['loc']))}: "
            f"{_NO_DURATION if detail['type'] == 'time_delta_type' else detail['msg']}"
            for detail in error.errors()
        )
        raise PoolsFileError(f"{path} does not describe pools: {details}") from error


def _pool(name: str, table: _Pool) -> SeededPool:
    settings = {key: getattr(table, key) for key in _Pool.model_fields if key not in _NUMBER_LISTS}
    reserved = (MaskedNumber(number, is_reserved=True) for number in table.reserved_masked_numbers)
    numbers = (*map(MaskedNumber, table.masked_numbers), *reserved)
    return SeededPool(name, PoolSettings(**settings), numbers)


def _name_violations(pools: tuple[SeededPool, ...]) -> Iterator[str]:
    for pool in pools:
        if not POOL_NAME.fullmatch(pool.name):
            yield (
                f"pools.{pool.name}: a pool's id has up to 32 lower-case letters, digits and "
                "hyphens, and does not begin with a hyphen"
            )


def _setting_violations(pools: tuple[SeededPool, ...]) -> Iterator[str]:
    for pool in pools:
        for field, description in settings_violations(pool.settings):
            yield f"pools.{pool.name}.{field}: {description}"


def _repeated_numbers(tables: Mapping[str, _Pool]) -> Iterator[str]:
    first_places: dict[str, str] = {}
    for name, table in tables.items():
        for key in _NUMBER_LISTS:
            for index, number in enumerate(getattr(table, key)):
                place = f"pools.{name}.{key}.{index}"
                if (first := first_places.setdefault(number, place)) != place:
                    yield f"{place}: is listed twice, first as {first}"
