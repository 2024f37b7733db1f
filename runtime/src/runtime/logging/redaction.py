"""The one point that every log line and every span passes before it leaves the process.

A field is shown if it is listed here and its value is of the kind that is listed with it; what is
shown has passed the net for phone numbers too. A listed field with another value reads
`[dropped]`, and fields that are not listed are counted as `dropped`: their names may be data.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, cast

from runtime.logging.phone_numbers import scrub_phone_numbers

DROPPED = "[dropped]"

# Longest list that is shown: the texts of one call, or the files of one certificate.
LIST_LIMIT = 64

# No count in this system comes near it, and no phone number with its country code is as short.
COUNT_LIMIT = 10_000_000

# Longer than anything is waited for, in seconds.
SECONDS_LIMIT = 1_000_000.0

Scalar: TypeAlias = str | int | float | bool | None

Shown: TypeAlias = Scalar | list[Scalar]

Kind = Callable[[object], bool]


def _text(pattern: str) -> Kind:
    whole = re.compile(pattern)
    return lambda value: isinstance(value, str) and whole.fullmatch(value) is not None


def is_count(value: object) -> bool:
    """A whole number that counts something."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < COUNT_LIMIT


def is_duration(value: object) -> bool:
    """Seconds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 <= value < SECONDS_LIMIT


def is_flag(value: object) -> bool:
    """Yes or no."""
    return type(value) is bool


# Made by a machine, and nobody's number or words.
is_id = _text(r"[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}")

# A value of an enum, of which no word is long.
is_word = _text(r"[A-Za-z][A-Za-z0-9_-]{0,47}")

# The name of a class, a module or a logger.
is_name = _text(r"[A-Za-z_<][\w.<>]{0,95}")

# Where in the sources: "folder/file.py:12".
is_place = _text(r"unknown|[\w./<> -]{1,120}:\d{1,6}")

is_address = _text(r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]{1,253}):\d{1,5}")

is_time = _text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")

is_file_name = _text(r"[\w.-]{1,80}")

is_settings = _text(r"[A-Z][A-Z0-9_]{0,63}(?:, [A-Z][A-Z0-9_]{0,63}){0,9}")

is_http_method = _text(r"[A-Z]{3,7}")

# Templates: a part of a path that only one request has is never short, small and a word.
_ROUTE = r"(?:/(?:v\d(?:\.\d)?|[a-z_-]{1,24}|\{[a-z_]{1,24}\}))+"

is_route = _text(_ROUTE)

_RPC_SERVICE = r"[a-z]\w*(?:\.\w+)*\.[A-Z]\w{0,63}"

_RPC_METHOD = r"[A-Z]\w{0,63}"

is_rpc_service = _text(_RPC_SERVICE)

is_rpc = _text(rf"/?(?:{_RPC_SERVICE}/)?{_RPC_METHOD}")

is_event = _text(r"[a-z][a-z0-9_]{0,63}")

is_span_name = _text(rf"[a-z][a-z_]{{0,47}}|{_RPC_SERVICE}/{_RPC_METHOD}|[A-Z]{{3,7}} {_ROUTE}")

# Words of our own, one line of them, without any address. A test lists each place that says one:
# nothing else keeps them from repeating what they are about.
is_sentence = _text(r"(?!.*://)[ -~]{1,300}")

_KINDS: Sequence[tuple[Kind, str]] = (
    (is_event, "event"),
    (is_word, "level service reason role code direction resolution endpoint outcome signal errno"),
    (is_name, "error logger loop"),
    (is_place, "at"),
    (is_address, "listen"),
    (is_time, "timestamp since"),
    (is_id, "message_id message_ids carrier_message_id by pool conversation_id erasure_id fence"),
    (
        is_count,
        "port status status_code count items results texts lanes failures file seen looked_at "
        "calls intents commands wanted records answered refused spans dropped",
    ),
    (is_duration, "seconds"),
    (is_flag, "is_complete"),
    (is_file_name, "files"),
    (is_settings, "setting"),
    (is_http_method, "http_method"),
    (is_route, "route"),
    (is_rpc, "method rpc_method"),
    (is_rpc_service, "rpc_service"),
    (is_sentence, "advice problem detail why"),
)

FIELDS: Mapping[str, Kind] = {name: kind for kind, names in _KINDS for name in names.split()}

# Spans go to another machine, and what code says in sentences is for those who read logs.
SPAN_FIELDS: Mapping[str, Kind] = {
    name: kind for name, kind in FIELDS.items() if kind is not is_sentence
}


def redacted(
    fields: Iterable[tuple[str, object]], listed: Mapping[str, Kind] = FIELDS
) -> dict[str, Shown]:
    """The fields as they may be seen by anybody."""
    shown: dict[str, Shown] = {}
    unknown = 0
    for name, value in fields:
        kind = listed.get(name)
        if kind is None:
            unknown += 1
        else:
            shown[name] = _shown(kind, value)
    return {**shown, "dropped": unknown} if unknown else shown


def redacted_name(name: str) -> str:
    """A span's name as it may be seen by anybody."""
    shown = _one(is_span_name, name)
    return shown if isinstance(shown, str) else DROPPED


def _shown(kind: Kind, value: object) -> Shown:
    if isinstance(value, list | tuple):
        return [_one(kind, one) for one in value[:LIST_LIMIT]]
    return _one(kind, value)


def _one(kind: Kind, value: object) -> Scalar:
    if value is None:
        return None
    if not kind(value):
        return DROPPED
    if isinstance(value, str):
        return scrub_phone_numbers(value)
    # Every kind that is no text is a number, or yes and no.
    return cast("Scalar", value)
