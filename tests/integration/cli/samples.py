from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from maskline.admin.v1.pool_pb2 import Pool, PoolSettings
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.event_pb2 import Event, EventType, WatchEventsResponse

ALICE_PHONE = "+14255550111"
BOB_PHONE = "+14255550122"
MASKED = "+12065550100"
NOON = Timestamp()
NOON.FromDatetime(datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC))
# In the time zone of command.ZONE.
NOON_SHOWN = "2026-03-01 17:00:05"

POOL = Pool(
    pool_id="main", settings=PoolSettings(operator_name="Test exchange"), masked_number_count=2
)
TALKING = pb.Conversation(
    conversation_id="c1",
    pool_id="main",
    masked_number=MASKED,
    state=pb.CONVERSATION_STATE_ACTIVE,
    participants=[
        pb.Participant(participant_id="p-alice"),
        pb.Participant(participant_id="p-bob"),
    ],
    create_time=NOON,
)


def event(number: int, kind: EventType.ValueType, **more: str) -> Event:
    about = {"conversation_id": "c1", "participant_id": "p-alice", **more}
    sample = Event(event_id=f"{number}-0", event_time=NOON, type=kind)
    for field, value in about.items():
        setattr(sample, field, value)
    return sample


def watched(number: int, kind: EventType.ValueType, **more: str) -> WatchEventsResponse:
    return WatchEventsResponse(event=event(number, kind, **more), cursor=f"{number}-0")
