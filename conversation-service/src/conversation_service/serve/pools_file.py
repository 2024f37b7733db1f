"""The TOML file that names the pools of a deployment."""

import re
import tomllib
from collections import Counter
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from conversation_service.domain.phone import is_e164
from conversation_service.domain.pool import Pool
from conversation_service.domain.words import Words

_WORDS = Words()
_POOL_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class PoolsFileError(Exception):
    """The pools file cannot be used; the message says where and why."""


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid")

    start: tuple[str, ...] = _WORDS.start
    join: tuple[str, ...] = _WORDS.join
    end: tuple[str, ...] = _WORDS.end
    help: tuple[str, ...] = _WORDS.help
    opt_out: tuple[str, ...] = ()
    opt_in: tuple[str, ...] = _WORDS.opt_in

    @field_validator("*")
    @classmethod
    def _compared_in_lower_case(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(" ".join(word.lower().split()) for word in words)


class _Pool(BaseModel):
    model_config = ConfigDict(extra="forbid")

    # Every number of a pool is looked at when a client starts a conversation.
    numbers: tuple[str, ...] = Field(min_length=1, max_length=1000)
    # Plain ASCII, and short: the help text has to fit one segment of 160 characters.
    operator: str = Field(min_length=1, max_length=40, pattern=r"^[ -~]+$")
    code_lifetime_seconds: int = Field(900, ge=60, le=86_400)
    idle_lifetime_seconds: int = Field(604_800, ge=60, le=31_536_000)
    words: _Words = Field(default_factory=_Words)

    @field_validator("numbers")
    @classmethod
    def _are_e164(cls, numbers: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(is_e164, numbers)):
            raise ValueError('each number is written in E.164, such as "+12065550100"')
        return numbers


class _PoolsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pools: dict[str, _Pool] = Field(min_length=1)


def read_pools(path: Path) -> tuple[Pool, ...]:
    """The pools in a file. Raises PoolsFileError for whatever is wrong with it."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        listed = _PoolsFile.model_validate(tables).pools
    except (OSError, UnicodeDecodeError) as error:
        raise PoolsFileError(f"{path} cannot be read: {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise PoolsFileError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        told = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise PoolsFileError(f"{path} does not describe pools: {'; '.join(told)}") from error
    pools = tuple(_pool(name, table) for name, table in listed.items())
    _check_across_pools(path, pools)
    return pools


def _pool(name: str, table: _Pool) -> Pool:
    # The law's opt-out words stay whatever a pool chooses: words are added to them.
    words = table.words.model_dump() | {"opt_out": (*_WORDS.opt_out, *table.words.opt_out)}
    return Pool(
        name=name,
        masked_numbers=table.numbers,
        operator=table.operator,
        code_lifetime=timedelta(seconds=table.code_lifetime_seconds),
        idle_lifetime=timedelta(seconds=table.idle_lifetime_seconds),
        words=Words(**words),
    )


def _check_across_pools(path: Path, pools: tuple[Pool, ...]) -> None:
    for pool in pools:
        if not _POOL_NAME.fullmatch(pool.name):
            raise PoolsFileError(
                f"{path}: a pool's name has up to 32 lower-case letters, digits and hyphens"
            )
    owned = Counter(number for pool in pools for number in pool.masked_numbers)
    if any(owners > 1 for owners in owned.values()):
        raise PoolsFileError(f"{path}: a number is listed twice; each belongs to one pool once")
