"""Settings of a pool as KEY=VALUE: parsing and formatting by the contract's descriptors."""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import typer
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from maskline.admin.v1.pool_pb2 import PoolSettings
from maskline_cli.values.fields import enum_words
from maskline_cli.values.parsers import duration, format_duration

_FIELDS = PoolSettings.DESCRIPTOR.fields_by_name

# Maps, with one entry for each keyword or template.
_WITH_ENTRIES = ("words", "texts")

_INT32_MAX = 2**31 - 1

_BOOLEANS = {"yes": True, "true": True, "no": False, "false": False}


def assign(settings: PoolSettings, assignments: Iterable[str]) -> list[str]:
    """Writes each KEY=VALUE into the settings and returns the changed fields.

    An empty value restores the default. "words.KIND" and "texts.TEMPLATE" change one entry and
    leave the others unchanged.
    """
    changed = dict.fromkeys(_assign(settings, assignment) for assignment in assignments)
    return list(changed)


def names_entry(assignments: Iterable[str]) -> bool:
    """Whether an assignment changes one entry, so that the current entries are needed."""
    return any("." in assignment.partition("=")[0] for assignment in assignments)


def rows(settings: PoolSettings) -> Iterator[tuple[str, str]]:
    """Every setting with its value, as accepted by `assign`."""
    for name, field in _FIELDS.items():
        if name not in _WITH_ENTRIES:
            yield name, _format(settings, field)
    for kind, command in sorted(settings.words.items()):
        yield f"words.{kind}", ",".join(command.words)
    for template, text in sorted(settings.texts.items()):
        yield f"texts.{template}", text


def _assign(settings: PoolSettings, assignment: str) -> str:
    key, equals, value = assignment.partition("=")
    name, dot, entry = key.replace("-", "_").partition(".")
    if not equals or name not in _FIELDS or bool(dot) != bool(entry):
        raise typer.BadParameter(f"write KEY=VALUE, where KEY is one of {', '.join(_keys())}")
    if name in _WITH_ENTRIES:
        _assign_entry(settings, name, entry, value)
    elif dot:
        raise typer.BadParameter(f"{name} has no entries")
    elif value:
        _assign_value(settings, _FIELDS[name], value)
    else:
        _clear(settings, name)
    return name


def _assign_entry(settings: PoolSettings, name: str, entry: str, value: str) -> None:
    if not entry:
        if value:
            raise typer.BadParameter(f"{name} is set entry by entry, such as {name}.help=...")
        _clear(settings, name)
    elif not value:
        getattr(settings, name).pop(entry, None)
    elif name == "words":
        settings.words[entry].words[:] = [word.strip() for word in value.split(",")]
    else:
        settings.texts[entry] = value


def _assign_value(settings: PoolSettings, field: FieldDescriptor, value: str) -> None:
    if field.message_type is not None:
        getattr(settings, field.name).FromTimedelta(duration(value))
    elif field.enum_type is not None:
        numbers = {word: number for number, word in enum_words(field.enum_type).items() if word}
        word = value.lower().replace("_", "-")
        setattr(settings, field.name, _choice(field.name, numbers, word))
    elif field.type == FieldDescriptor.TYPE_BOOL:
        setattr(settings, field.name, _choice(field.name, _BOOLEANS, value.lower()))
    elif field.type == FieldDescriptor.TYPE_INT32:
        setattr(settings, field.name, _count(field.name, value))
    else:
        setattr(settings, field.name, value)


def _clear(settings: Message, name: str) -> None:
    settings.ClearField(name)


def _choice(name: str, choices: Mapping[str, int], value: str) -> int:
    if value not in choices:
        raise typer.BadParameter(f"{name} is one of {', '.join(choices)}")
    return choices[value]


def _count(name: str, value: str) -> int:
    # The field is an int32.
    if not (value.isascii() and value.isdigit() and int(value) <= _INT32_MAX):
        raise typer.BadParameter(f"{name} is a whole number, 0 for the default")
    return int(value)


def _format(settings: Message, field: FieldDescriptor) -> str:
    value = getattr(settings, field.name)
    if field.message_type is not None:
        is_set = settings.HasField(field.name)
        return format_duration(cast("Duration", value).ToTimedelta()) if is_set else ""
    if field.enum_type is not None:
        return enum_words(field.enum_type)[value]
    if field.type == FieldDescriptor.TYPE_BOOL:
        return ("yes" if value else "no") if settings.HasField(field.name) else ""
    return str(value)


def _keys() -> Iterator[str]:
    for name in _FIELDS:
        yield f"{name}.NAME" if name in _WITH_ENTRIES else name
