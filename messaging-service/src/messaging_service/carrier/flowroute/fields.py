"""The fields of Flowroute's documents, whatever it puts into them."""

from collections.abc import Mapping

from messaging_service.model.message import E164

_NORTH_AMERICAN_DIGITS = 10

Fields = Mapping[str, object]


def has_more(body: Fields, entries: list[object], limit: int) -> bool:
    """As the carrier's link to the next page says; where it links nothing, a full page may not
    have been the last. An empty page ends a list whatever it says."""
    links = body.get("links")
    linked = bool(links.get("next")) if isinstance(links, dict) else len(entries) == limit
    return bool(entries) and (linked or len(entries) > limit)


def e164(value: object) -> str:
    """The number with its plus, or nothing. Ten digits are North American, and lack their 1."""
    written = words(value).strip()
    if written.isdigit() and len(written) == _NORTH_AMERICAN_DIGITS:
        written = f"1{written}"
    number = f"+{written.removeprefix('+')}"
    return number if E164.fullmatch(number) else ""


def words(value: object) -> str:
    """A word, or a number where a word is meant; nothing for anything else.

    JSON can spell halves of characters, which no message of ours can hold.
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
