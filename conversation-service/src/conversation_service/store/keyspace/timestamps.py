"""Times as they are stored: milliseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MILLISECOND = timedelta(milliseconds=1)


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return (time - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The time that many milliseconds after 1970, UTC."""
    return _EPOCH + ms * _MILLISECOND


def span_ms(span: timedelta) -> int:
    """A time to live; at least 1, as Redis refuses 0."""
    return max(1, span // _MILLISECOND)


def optional_ms(time: datetime | None) -> int | None:
    """`to_ms` of an optional time."""
    return None if time is None else to_ms(time)


def optional_time(ms: int | None) -> datetime | None:
    """`from_ms` of an optional time."""
    return None if ms is None else from_ms(ms)
