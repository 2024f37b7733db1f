"""Fields of messages as text."""

from datetime import UTC
from typing import cast

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message


def enum_words(enum: EnumDescriptor) -> dict[int, str]:
    """The values by number as words, such as "prefer-sticky"; unspecified is empty."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    words = {
        number: value.name.removeprefix(prefix).lower().replace("_", "-")
        for number, value in enum.values_by_number.items()
    }
    return {**words, 0: ""}


def enum_word(message: Message, field: str) -> str:
    """An enum field as a word; an unknown value as its number."""
    enum = cast("EnumDescriptor", message.DESCRIPTOR.fields_by_name[field].enum_type)
    number: int = getattr(message, field)
    return enum_words(enum).get(number, str(number))


def local_time(message: Message, field: str) -> str:
    """A Timestamp field in the local time zone; empty if not set."""
    if not message.HasField(field):
        return ""
    return f"{getattr(message, field).ToDatetime(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def yes(value: bool) -> str:
    """ "yes" or an empty string."""
    return "yes" if value else ""
