"""Allow-list redaction: every log line and every span passes it before it leaves the process.

A field passes if it is listed here and its value is of the listed kind; phone numbers are removed
from what passes. A listed field with another value becomes `[dropped]`. Fields that are not listed
are only counted, as `dropped`: their names may be data too.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, cast

from runtime.logging.phone_numbers import scrub_phone_numbers

DROPPED = "[dropped]"

# Longest list that passes: the messages of one call, or the files of one certificate.
LIST_LIMIT = 64

# Far above any count of this system, and below any phone number with its country code.
COUNT_LIMIT = 10_000_000

# Above any duration of this system.
SECONDS_LIMIT = 1_000_000.0

Scalar: TypeAlias = str | int | float | bool | None

Redacted: TypeAlias = Scalar | list[Scalar]

Kind = Callable[[object], bool]


def _text(pattern: str) -> Kind:
    whole = re.compile(pattern)
    return lambda value: isinstance(value, str) and whole.fullmatch(value) is not None


def is_count(value: object) -> bool:
    """A number of things: a whole number below COUNT_LIMIT."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < COUNT_LIMIT


def is_duration(value: object) -> bool:
    """A number of seconds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 <= value < SECONDS_LIMIT


def is_flag(value: object) -> bool:
    """A boolean."""
    return type(value) is bool


# An id made by a machine.
is_id = _text(r"[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}")

# A value of an enum.
is_word = _text(r"[A-Za-z][A-Za-z0-9_-]{0,47}")

# The name of a class, a module or a logger.
is_name = _text(r"[A-Za-z_<][\w.<>]{0,95}")

# A place in the sources: "folder/file.py:12".
is_place = _text(r"unknown|[\w./<> -]{1,120}:\d{1,6}")

is_address = _text(r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]{1,253}):\d{1,5}")

is_time = _text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")

is_file_name = _text(r"[\w.-]{1,80}")

is_settings = _text(r"[A-Z][A-Z0-9_]{0,63}(?:, [A-Z][A-Z0-9_]{0,63}){0,9}")

is_http_method = _text(r"[A-Z]{3,7}")

# Route templates. A path segment of a single request is never a short lowercase word.
_ROUTE = r"(?:/(?:v\d(?:\.\d)?|[a-z_-]{1,24}|\{[a-z_]{1,24}\}))+"

is_route = _text(_ROUTE)

_RPC_SERVICE = r"[a-z]\w*(?:\.\w+)*\.[A-Z]\w{0,63}"

_RPC_METHOD = r"[A-Z]\w{0,63}"

is_rpc_service = _text(_RPC_SERVICE)

is_rpc = _text(rf"/?(?:{_RPC_SERVICE}/)?{_RPC_METHOD}")

is_event = _text(r"[a-z][a-z0-9_]{0,63}")

is_span_name = _text(rf"[a-z][a-z_]{{0,47}}|{_RPC_SERVICE}/{_RPC_METHOD}|[A-Z]{{3,7}} {_ROUTE}")

# A sentence of our own, one line, without a URL. A test lists each place that logs one: nothing
# else ensures that it repeats no personal data.
is_sentence = _text(r"(?!.*://)[ -~]{1,300}")

_KINDS: Sequence[tuple[Kind, str]] = (
    (is_event, "event"),
    (is_word, "level service reason role code direction resolution endpoint outcome signal errno"),
    (is_name, "error logger loop"),
    (is_place, "at"),
    (is_address, "listen"),
    (is_time, "timestamp since"),
    (
        is_id,
        "message_id message_ids carrier_message_id carrier_code by caller pool conversation_id "
        "erasure_id fence",
    ),
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

# Sentences are for readers of logs; spans go to another system.
SPAN_FIELDS: Mapping[str, Kind] = {
    name: kind for name, kind in FIELDS.items() if kind is not is_sentence
}


def redacted(
    fields: Iterable[tuple[str, object]], listed: Mapping[str, Kind] = FIELDS
) -> dict[str, Redacted]:
    """The fields that may leave the process."""
    allowed: dict[str, Redacted] = {}
    unknown = 0
    for name, value in fields:
        kind = listed.get(name)
        if kind is None:
            unknown += 1
        else:
            allowed[name] = _redact(kind, value)
    return {**allowed, "dropped": unknown} if unknown else allowed


def redacted_name(name: str) -> str:
    """The name of a span, if it may leave the process."""
    allowed = _redact_scalar(is_span_name, name)
    return allowed if isinstance(allowed, str) else DROPPED


def _redact(kind: Kind, value: object) -> Redacted:
    if isinstance(value, list | tuple):
        return [_redact_scalar(kind, item) for item in value[:LIST_LIMIT]]
    return _redact_scalar(kind, value)


def _redact_scalar(kind: Kind, value: object) -> Scalar:
    if value is None:
        return None
    if not kind(value):
        return DROPPED
    if isinstance(value, str):
        return scrub_phone_numbers(value)
    # Every other kind is a number or a boolean.
    return cast("Scalar", value)
