"""`maskline timeline` as a table and as JSON."""

from integration.cli.in_process import maskline
from integration.cli.samples import NOON_SHOWN, TALKING, event
from integration.cli.scripted import ScriptedDeployment

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2

EVENTS = [
    event(
        1, event_pb2.EVENT_TYPE_MESSAGE_RELAYED, message_id="m1", description="A text is passed on."
    ),
    event(
        2,
        event_pb2.EVENT_TYPE_MESSAGE_REFUSED,
        participant_id="p-bob",
        message_id="m1",
        detail="BLACKLISTED",
        description="The carrier refused it\x1b[31m.",
    ),
]


def script(deployment: ScriptedDeployment) -> None:
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    answers = [
        pb.GetTimelineResponse(events=EVENTS[:1], next_page_token="a"),
        pb.GetTimelineResponse(events=EVENTS[1:]),
    ]
    deployment.answers("GetTimeline", *answers)


async def test_a_timeline_has_time_event_participant_message_and_reason(
    deployment: ScriptedDeployment,
) -> None:
    script(deployment)
    ended = await maskline(deployment.target, "timeline", "c1")
    heading, *lines = (" ".join(line.split()) for line in ended.out.splitlines())
    assert heading == "time event participant message description"
    assert lines == [
        f"{NOON_SHOWN} XYZ message-relayed first m1 A text is passed on.",
        f"{NOON_SHOWN} XYZ message-refused second m1 "
        "The carrier refused it\N{REPLACEMENT CHARACTER}[31m. (BLACKLISTED)",
    ]


async def test_a_timeline_as_json_has_the_services_events(deployment: ScriptedDeployment) -> None:
    script(deployment)
    ended = await maskline(deployment.target, "timeline", "c1", "--json")
    first, second = ended.json["events"]
    assert first["event_time"] == "2026-03-01T12:00:05Z"
    assert first["type"] == "EVENT_TYPE_MESSAGE_RELAYED"
    assert second["participant_id"] == "p-bob"
    assert ended.json["is_complete"] is True
