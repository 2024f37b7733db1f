"""Fields of messages, as words for people."""

from datetime import UTC
from typing import cast

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message


def enum_words(enum: EnumDescriptor) -> dict[int, str]:
    """Its values as words, such as "prefer-sticky", by their number; unspecified is empty."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    words = {
        number: value.name.removeprefix(prefix).lower().replace("_", "-")
        for number, value in enum.values_by_number.items()
    }
    return {**words, 0: ""}


def word_of(message: Message, field: str) -> str:
    """An enum field as a word; one that is newer than this command line as its number."""
    enum = cast("EnumDescriptor", message.DESCRIPTOR.fields_by_name[field].enum_type)
    number: int = getattr(message, field)
    return enum_words(enum).get(number, str(number))


def time_of(message: Message, field: str) -> str:
    """A Timestamp field in the local time zone; empty when it is absent."""
    if not message.HasField(field):
        return ""
    return f"{getattr(message, field).ToDatetime(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def yes(answer: bool) -> str:
    """ "yes" or nothing: what is not so needs no word in a table."""
    return "yes" if answer else ""
