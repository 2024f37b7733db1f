"""People, phone numbers and pools of the tests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from conversation_service.application.ids import RandomIds
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import (
    ConsentSettings,
    MaskedNumber,
    Pool,
    PoolSettings,
    RelaySettings,
    SeededPool,
)
from conversation_service.domain.templates.catalog import Operator, Template
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.storage import PoolStorage, Storage

MASKED = "+12065550100"
OTHER_MASKED = "+12065550101"
ALICE_NUMBER = "+14255550111"
BOB_NUMBER = "+14255550122"
CAROL_NUMBER = "+13605550133"

CIPHER = Cipher("a secret of these tests", blind_index_key=b"a blind-index key of these tests")
PEOPLE = PersonIds(CIPHER)
ALICE = PEOPLE.person("main", ALICE_NUMBER)
BOB = PEOPLE.person("main", BOB_NUMBER)
CAROL = PEOPLE.person("main", CAROL_NUMBER)

# Tests relay more in a minute than people type, and connect the same people again and again.
OPERATOR = Operator("Test exchange", "help@example.org")
SETTINGS = PoolSettings(
    operator_name=OPERATOR.name,
    contact=OPERATOR.contact,
    relay=RelaySettings(max_messages_per_minute=1_000),
    consent=ConsentSettings(max_openings_per_day=1_000, reopen_pause=timedelta(0)),
)
NUMBERS = (MaskedNumber(MASKED), MaskedNumber(OTHER_MASKED))
POOL = Pool("main", SETTINGS, NUMBERS, version="v")
SEED = SeededPool("main", SETTINGS, NUMBERS)


def seeded(
    *numbers: str, name: str = "main", settings: Mapping[str, Any] | None = None
) -> SeededPool:
    """A seeded pool with other numbers, name or settings than SEED."""
    listed = tuple(map(MaskedNumber, numbers)) or NUMBERS
    return SeededPool(name, settings_with(settings or {}), listed)


def settings_with(values: Mapping[str, Any], settings: PoolSettings = SETTINGS) -> PoolSettings:
    """The settings with other values at these paths, such as "lifecycle.cool_off"."""
    for path, value in values.items():
        settings = _with_value(settings, path.split("."), value)
    return settings


def _with_value(group: Any, path: Sequence[str], value: object) -> Any:  # noqa: ANN401
    name, *rest = path
    inner = _with_value(getattr(group, name), rest, value) if rest else value
    return replace(group, **{name: inner})


def route(person: Person, masked_number: str = MASKED) -> Route:
    """The route of a person on a masked number."""
    return Route(masked_number, person)


def system_message(template: Template, *, code: str = "", span: timedelta | None = None) -> str:
    """A system message of the tests' pool."""
    return POOL.catalog.render(template, code=code, span=span)


def pool_storage(redis: Redis, pool: str = "main") -> PoolStorage:
    """What the stores of a pool are built on."""
    return Storage(redis, CIPHER).pool(pool)


class ScriptedIds:
    """Random ids; the given join codes first, then random ones."""

    def __init__(self, *codes: str) -> None:
        self._codes = list(codes)
        self._random = RandomIds()

    def change_id(self, now: datetime) -> str:
        return self._random.change_id(now)

    def code(self) -> str:
        return self._codes.pop(0) if self._codes else self._random.code()
