"""The timestamp formats in Flowroute's payloads; all are UTC."""

import re
from datetime import UTC, datetime

_ACCEPTED = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def with_microseconds(moment: datetime) -> str:
    """Six digits of fraction or none, then Z: inbound SMS callbacks."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def with_hundredths(moment: datetime) -> str:
    """Two digits of fraction, then Z: inbound MMS callbacks and message records."""
    whole = moment.astimezone(UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{whole.microsecond // 10_000:02}Z"


def with_offset(moment: datetime) -> str:
    """Whole seconds and +00:00: delivery receipts."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"


def parse_timestamp(text: str) -> datetime:
    """Parses a date or timestamp of a message record query. Raises ValueError.

    Without a zone, as Flowroute's SDKs send it, it is UTC.
    """
    if not _ACCEPTED.fullmatch(text):
        raise ValueError("must be YYYY-MM-DD or YYYY-MM-DDTHH:mm:ss.SSZ")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
