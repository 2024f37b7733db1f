"""How faults are asked for and shown."""

from collections.abc import Callable
from http import HTTPStatus

from simulator.control.bodies import Fields, number
from simulator.control.problems import BadRequest
from simulator.faults.fault import Fault, Match
from simulator.faults.faults import Placed
from simulator.faults.kinds import TRAITS, Kind, Stage, Traits

# More often than a run of hours sends; without end is null.
MAX_COUNT = 1_000_000
# A callback every second for a minute and more.
MAX_TIMES = 100
MAX_RETRY_AFTER_SECONDS = 3_600

_ANY_FAULT = {"kind", "count", "match"}
_MATCHED = {"from", "to", "body"}
_STATUSES = [status.value for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]


def fault(fields: Fields) -> Fault:
    """The fault that is described. Raises BadRequest."""
    kind = _kind(fields)
    traits = TRAITS[kind]
    allowed = (*traits.needs, *traits.may_have)
    if not fields.keys() <= _ANY_FAULT.union(allowed):
        taken = ", ".join(f"'{name}'" for name in allowed) or "no parameter"
        raise BadRequest(f"Beside 'count' and 'match', {kind} takes {taken}.")
    named = {*traits.needs, *(name for name in traits.may_have if fields.get(name) is not None)}
    values = {name: _READERS[name](fields.get(name), traits) for name in named}
    # A listing is about many messages.
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
    """How often it strikes; None is until it is removed. Raises BadRequest."""
    value = fields.get("count", 1)
    return None if value is None else _whole("count", value, 1, MAX_COUNT)


def fault_view(placed: Placed) -> dict[str, object]:
    """A fault as it is listed."""
    fault, traits = placed.fault, TRAITS[placed.fault.kind]
    match = {"from": fault.match.from_number, "to": fault.match.to_number, "body": fault.match.body}
    parameters = {name: getattr(fault, name) for name in (*traits.needs, *traits.may_have)}
    return {
        "id": placed.id,
        "kind": fault.kind,
        "left": placed.left,
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
    if not isinstance(value, dict) or not value.keys() <= _MATCHED:
        raise BadRequest("'match' must be an object with 'from', 'to' and 'body', each optional.")
    body = value.get("body")
    if not isinstance(body, str | None):
        raise BadRequest("'body' in 'match' must be a string.")
    return Match(_number(value, "from"), _number(value, "to"), body)


def _number(matched: Fields, name: str) -> str | None:
    return number(matched, name) if matched.get(name) is not None else None


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRequest(f"'{name}' must be a whole number from {least} to {most}.")
    return value


def _seconds(value: object, traits: Traits) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = 0
    if not 0 < value <= traits.longest_seconds:
        raise BadRequest(f"'seconds' must be above 0 and at most {traits.longest_seconds:g}.")
    return float(value)


def _status(value: object, _traits: Traits) -> int:
    if not isinstance(value, int) or value not in _STATUSES:
        raise BadRequest("'status' must be the status of an HTTP error, such as 503.")
    return value


_READERS: dict[str, Callable[[object, Traits], float]] = {
    "seconds": _seconds,
    "status": _status,
    "status_code": lambda value, _: _whole("status_code", value, 1_000, 9_999),
    "retry_after": lambda value, _: _whole("retry_after", value, 0, MAX_RETRY_AFTER_SECONDS),
    "times": lambda value, _: _whole("times", value, 1, MAX_TIMES),
}
