"""Reads fields of Flowroute's JSON without relying on their types."""

import json
from collections.abc import Mapping

from runtime.phone_numbers import e164_of

Fields = Mapping[str, object]


def parse_json(content: bytes) -> object:
    """The JSON value, or the text if it is not JSON (a proxy's error page, for example)."""
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace")
    return value


def has_more(body: Fields, entries: list[object], limit: int) -> bool:
    """Whether another page follows, by the link to it; without links, whether this page is full.

    An empty page is always the last one.
    """
    links = body.get("links")
    linked = bool(links.get("next")) if isinstance(links, dict) else len(entries) == limit
    return bool(entries) and (linked or len(entries) > limit)


def e164(value: object, *, is_own: bool = False) -> str:
    """The number with its plus, or empty; ten digits are taken for a number of our own only."""
    return e164_of(text_of(value).strip(), is_own=is_own)


def text_of(value: object) -> str:
    """A string, or a number as a string; empty for anything else.

    JSON can contain lone surrogates, which protobuf strings cannot.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode()


def fields_of(value: object) -> Fields:
    """The object's fields; none for anything else."""
    return value if isinstance(value, dict) else {}


def entries_of(value: object) -> list[object]:
    """The list's entries; none for anything else."""
    return value if isinstance(value, list) else []
