"""What internal clients ask, as intents. Each check raises InvalidArgument for a wrong form."""

from datetime import datetime
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from conversation_service.rpc.core.validation import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE


class _Paged(Protocol):
    @property
    def page_size(self) -> int:
        """How many are asked for."""
        ...


def page_size(request: _Paged) -> int:
    """What was asked for, within the limit."""
    return min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def timestamp(time: datetime | None) -> Timestamp | None:
    """A moment on the wire, absent where there is none."""
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
