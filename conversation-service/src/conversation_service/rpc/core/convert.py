"""Conversions that all servicers share."""

from datetime import datetime
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from conversation_service.rpc.core.validation import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE


class _Paged(Protocol):
    @property
    def page_size(self) -> int: ...


def page_size(request: _Paged) -> int:
    """The requested page size, or the default, up to the maximum."""
    return min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def timestamp(time: datetime | None) -> Timestamp | None:
    """A Timestamp, or None for an unset field."""
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
