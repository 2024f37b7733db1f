"""Events for clients: the one conversion, for lists and for streams."""

from collections.abc import Iterable, Mapping

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import (
    DeadLetterReason,
    Event,
    Failure,
    RelayRefusal,
    SendResolution,
)
from conversation_service.domain.templates.catalog import Template
from conversation_service.rpc.core.convert import timestamp
from conversation_service.rpc.events.requests import EVENT_TYPES
from conversation_service.store.event_log import RecordedEvent
from maskline.conversation.v1 import conversation_pb2, event_pb2, message_pb2


def events_to_proto(
    events: Iterable[RecordedEvent], pool_id: str, conversations: Mapping[str, Conversation]
) -> list[event_pb2.Event]:
    """Events, with what the conversations are called as far as they are stored."""
    return [
        event_to_proto(recorded, pool_id, conversations.get(recorded.event.conversation_id))
        for recorded in events
    ]


def event_to_proto(
    recorded: RecordedEvent, pool_id: str, conversation: Conversation | None
) -> event_pb2.Event:
    """The event, with the one detail that its type has."""
    event = recorded.event
    converted = event_pb2.Event(
        event_id=recorded.event_id,
        pool_id=pool_id,
        event_time=timestamp(recorded.time),
        type=EVENT_TYPES[event.type],
        conversation_id=event.conversation_id,
        participant_id=event.participant_id,
        message_id=event.message_id,
        unique_name=conversation.unique_name if conversation else "",
        labels=conversation.labels if conversation else None,
    )
    _add_detail(converted, event)
    return converted


def _add_detail(converted: event_pb2.Event, event: Event) -> None:
    match event.detail:
        case EndReason() as reason:
            converted.end_reason = conversation_pb2.EndReason.Value(f"END_REASON_{reason}")
        case RelayRefusal() as refusal:
            converted.relay_refusal = relay_refusal_to_proto(refusal)
        case Failure() as failure:
            converted.failure.CopyFrom(failure_to_proto(failure))
        case Keyword() as keyword:
            converted.keyword = event_pb2.Keyword.Value(f"KEYWORD_{keyword.name}")
        case Template() as template:
            converted.template = template.value
        case SendResolution() as resolution:
            name = f"SEND_RESOLUTION_{resolution}"
            converted.send_resolution = event_pb2.SendResolution.Value(name)
        case DeadLetterReason() as reason:
            name = f"DEAD_LETTER_REASON_{reason}"
            converted.dead_letter_reason = event_pb2.DeadLetterReason.Value(name)
        case int() as count:
            converted.dropped_message_count = count
        case None:
            pass


def failure_to_proto(failure: Failure) -> message_pb2.Failure:
    """Why a message failed."""
    return message_pb2.Failure(
        reason=message_pb2.FailureReason.Value(f"FAILURE_REASON_{failure.reason}"),
        carrier_code=failure.carrier_code,
    )


def relay_refusal_to_proto(refusal: RelayRefusal | None) -> message_pb2.RelayRefusal.ValueType:
    """Why a message was not relayed; unspecified if it was."""
    name = f"RELAY_REFUSAL_{refusal}" if refusal else "RELAY_REFUSAL_UNSPECIFIED"
    return message_pb2.RelayRefusal.Value(name)
