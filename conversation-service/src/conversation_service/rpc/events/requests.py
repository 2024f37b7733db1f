"""Requests for events as selections. Each function raises InvalidArgument."""

from collections.abc import Sequence

from conversation_service.application.event_subscription import EventSelection
from conversation_service.domain.model.events import EventType
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.event_log import START
from maskline.conversation.v1 import event_pb2 as pb

EVENT_TYPES = {kind: pb.EventType.Value(f"EVENT_TYPE_{kind}") for kind in EventType}

# More than there are types.
MAX_TYPES = 100

_TYPES = {number: kind for kind, number in EVENT_TYPES.items()}

_START_CURSORS = {pb.START_POSITION_OLDEST: START, pb.START_POSITION_NOW: None}


def listed(request: pb.ListEventsRequest) -> EventSelection:
    """Which events are listed."""
    validator = _for_events(request.pool_id, request.conversation_id, request.types)
    validator.page_size(request.page_size)
    validator.optional_event_id("page_token", request.page_token)
    validator.check()
    return _selection(request.conversation_id, request.types)


def watched(request: pb.WatchEventsRequest) -> EventSelection:
    """Which events are watched."""
    validator = _for_events(request.pool_id, request.conversation_id, request.types)
    start = request.WhichOneof("start")
    validator.oneof("start", start)
    if start == "cursor":
        validator.event_id("cursor", request.cursor)
    elif start == "start_position":
        validator.enum("start_position", request.start_position, _START_CURSORS)
    validator.check()
    return _selection(request.conversation_id, request.types)


def start_cursor(request: pb.WatchEventsRequest) -> str | None:
    """The cursor to start after; None for the newest event."""
    return request.cursor or _START_CURSORS[request.start_position]


def _for_events(
    pool_id: str, conversation_id: str, types: Sequence[pb.EventType.ValueType]
) -> RequestValidator:
    validator = RequestValidator()
    validator.identifier("pool_id", pool_id)
    validator.optional_identifier("conversation_id", conversation_id)
    validator.max_items("types", types, MAX_TYPES)
    for index, kind in enumerate(types[:MAX_TYPES]):
        validator.enum(f"types[{index}]", kind, _TYPES)
    return validator


def _selection(conversation_id: str, types: Sequence[pb.EventType.ValueType]) -> EventSelection:
    return EventSelection(conversation_id, frozenset(_TYPES[kind] for kind in types))
