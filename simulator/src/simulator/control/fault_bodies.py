"""Faults as JSON: parsing and listing."""

from collections.abc import Callable
from http import HTTPStatus

from simulator.control.bodies import Fields, number
from simulator.control.problems import BadRequest
from simulator.faults.fault import Fault, Match
from simulator.faults.faults import PendingFault
from simulator.faults.kinds import TRAITS, Kind, Stage, Traits

# More than the messages of a run of hours; null is unlimited.
MAX_COUNT = 1_000_000
# A callback every second for a minute and more.
MAX_TIMES = 100
MAX_RETRY_AFTER_SECONDS = 3_600

_COMMON_FIELDS = {"kind", "count", "match"}
_MATCH_FIELDS = {"from", "to", "body"}
_STATUSES = [status.value for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]


def fault(fields: Fields) -> Fault:
    """Parses a fault. Raises BadRequest."""
    kind = _kind(fields)
    traits = TRAITS[kind]
    allowed = (*traits.required, *traits.optional)
    if not fields.keys() <= _COMMON_FIELDS.union(allowed):
        parameters = ", ".join(f"'{name}'" for name in allowed) or "no parameter"
        raise BadRequest(f"Beside 'count' and 'match', {kind} takes {parameters}.")
    names = {*traits.required, *(name for name in traits.optional if fields.get(name) is not None)}
    values = {name: _PARSERS[name](fields.get(name), traits) for name in names}
    # A listing has no single message to match.
    match = Match() if traits.stage is Stage.LISTING else _match(fields.get("match"))
    return Fault(
        kind,
        match,
        seconds=values.get("seconds", 0.0),
        status=int(values.get("status", 0)),
        status_code=int(values.get("status_code", 0)),
        retry_after=int(values["retry_after"]) if "retry_after" in values else None,
        times=int(values.get("times", 1)),
    )


def count(fields: Fields) -> int | None:
    """How often the fault occurs; None is until it is removed. Raises BadRequest."""
    value = fields.get("count", 1)
    return None if value is None else _whole("count", value, 1, MAX_COUNT)


def fault_view(pending: PendingFault) -> dict[str, object]:
    """A fault in the list."""
    fault, traits = pending.fault, TRAITS[pending.fault.kind]
    match = {"from": fault.match.from_number, "to": fault.match.to_number, "body": fault.match.body}
    parameters = {name: getattr(fault, name) for name in (*traits.required, *traits.optional)}
    return {
        "id": pending.id,
        "kind": fault.kind,
        "left": pending.remaining,
        "match": {name: value for name, value in match.items() if value is not None},
        **parameters,
    }


def _kind(fields: Fields) -> Kind:
    for kind in Kind:
        if kind == fields.get("kind"):
            return kind
    raise BadRequest(f"'kind' must be one of {', '.join(Kind)}.")


def _match(value: object) -> Match:
    if value is None:
        return Match()
    if not isinstance(value, dict) or not value.keys() <= _MATCH_FIELDS:
        raise BadRequest("'match' must be an object with 'from', 'to' and 'body', each optional.")
    body = value.get("body")
    if not isinstance(body, str | None):
        raise BadRequest("'body' in 'match' must be a string.")
    return Match(_number(value, "from"), _number(value, "to"), body)


def _number(match: Fields, name: str) -> str | None:
    return number(match, name) if match.get(name) is not None else None


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRequest(f"'{name}' must be a whole number from {least} to {most}.")
    return value


def _seconds(value: object, traits: Traits) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = 0
    if not 0 < value <= traits.max_seconds:
        raise BadRequest(f"'seconds' must be above 0 and at most {traits.max_seconds:g}.")
    return float(value)


def _status(value: object, _traits: Traits) -> int:
    if not isinstance(value, int) or value not in _STATUSES:
        raise BadRequest("'status' must be the status of an HTTP error, such as 503.")
    return value


_PARSERS: dict[str, Callable[[object, Traits], float]] = {
    "seconds": _seconds,
    "status": _status,
    "status_code": lambda value, _: _whole("status_code", value, 1_000, 9_999),
    "retry_after": lambda value, _: _whole("retry_after", value, 0, MAX_RETRY_AFTER_SECONDS),
    "times": lambda value, _: _whole("times", value, 1, MAX_TIMES),
}
