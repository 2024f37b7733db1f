"""Changing some of a pool's settings, chosen by their paths."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from conversation_service.domain.keywords.keywords import FIELDS
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.templates.catalog import Template

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# The names that lead to a setting, to a group, or to one entry of a map: ("templates", "help"). The
# empty path leads to all settings.
SettingPath = tuple[str, ...]

# The maps, and the names of their entries.
ENTRIES: Mapping[SettingPath, tuple[str, ...]] = {
    ("keywords", "words"): FIELDS,
    ("templates",): tuple(template.value for template in Template),
}

Group = TypeVar("Group", bound="DataclassInstance")


def _paths(value: object, at: SettingPath) -> Iterator[SettingPath]:
    yield at
    if is_dataclass(value):
        for field in fields(value):
            yield from _paths(getattr(value, field.name), (*at, field.name))


# All but the entries of maps.
SETTING_PATHS = tuple(_paths(PoolSettings(operator_name="", contact=""), ()))


def exists(path: SettingPath) -> bool:
    return path in SETTING_PATHS or path[-1] in ENTRIES.get(path[:-1], ())


def names_after(path: SettingPath) -> tuple[str, ...]:
    """The names that may follow a path; none where it leads to a value."""
    deeper = (other for other in SETTING_PATHS if other[:-1] == path and other)
    return ENTRIES.get(path) or tuple(other[-1] for other in deeper)


def value_at(value: object, path: SettingPath) -> object:
    """What the path leads to; None for an entry that a map does not have."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name)
    return value


def updated(before: PoolSettings, new: PoolSettings, paths: Iterable[SettingPath]) -> PoolSettings:
    """The settings with the values that `new` has at the paths; entries it does not have go."""
    after = before
    for path in paths:
        after = _copied(after, new, path) if path else new
    return after


def _copied(before: Group, new: Group, path: SettingPath) -> Group:
    name, *rest = path
    value, new_value = getattr(before, name), getattr(new, name)
    if rest and is_dataclass(value):
        new_value = _copied(value, new_value, tuple(rest))
    elif rest:
        [entry] = rest
        kept = {key: value[key] for key in value if key != entry}
        new_value = {**kept, **{key: new_value[key] for key in new_value if key == entry}}
    return replace(before, **{name: new_value})
