"""Moments as they are stored: milliseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MILLISECOND = timedelta(milliseconds=1)


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return (time - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The moment that many milliseconds after 1970, UTC."""
    return _EPOCH + ms * _MILLISECOND


def span_ms(span: timedelta) -> int:
    """A time to live; Redis refuses to keep anything for no time at all."""
    return max(1, span // _MILLISECOND)


def optional_ms(time: datetime | None) -> int | None:
    """The same for a moment that may not be."""
    return None if time is None else to_ms(time)


def optional_time(ms: int | None) -> datetime | None:
    """The same for a moment that may not be."""
    return None if ms is None else from_ms(ms)
