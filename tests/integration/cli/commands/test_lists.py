"""Lists fetch all pages; tables in a pipe are complete."""

from integration.cli.in_process import maskline
from integration.cli.samples import (
    ALICE_PHONE,
    BOB_PHONE,
    MASKED,
    NOON,
    NOON_SHOWN,
    POOL,
    TALKING,
    event,
)  # fmt: skip
from integration.cli.scripted import Deployment

from maskline.admin.v1 import dead_letter_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2, message_pb2
from support.services.cli_process import Ended


def page(*ids: str, next_page_token: str = "") -> pb.ListConversationsResponse:
    return pb.ListConversationsResponse(
        conversations=[pb.Conversation(conversation_id=conversation) for conversation in ids],
        next_page_token=next_page_token,
    )


def rows(ended: Ended) -> list[str]:
    """The lines below the headings, with single spaces."""
    return [" ".join(line.split()) for line in ended.out.splitlines()[1:]]


async def test_pages_are_followed_even_when_one_of_them_is_empty(deployment: Deployment) -> None:
    pages = page("c1", next_page_token="a"), page(next_page_token="b"), page("c2")
    deployment.answers("ListConversations", *pages)
    ended = await maskline(deployment.target, "conversations", "list", "--json")
    assert [item["conversation_id"] for item in ended.json["conversations"]] == ["c1", "c2"]
    assert ended.json["is_complete"] is True
    requests = deployment.received(pb.ListConversationsRequest)
    assert [request.page_token for request in requests] == ["", "a", "b"]


async def test_a_list_ends_at_its_limit_and_says_so(deployment: Deployment) -> None:
    deployment.answers("ListConversations", page("c1", "c2", "c3", next_page_token="a"))
    ended = await maskline(deployment.target, "conversations", "list", "--limit", "2")
    assert "c2" in ended.out
    assert "c3" not in ended.out
    assert "--limit" in ended.err
    ended = await maskline(deployment.target, "conversations", "list", "--limit", "2", "--json")
    assert len(ended.json["conversations"]) == 2
    assert ended.json["is_complete"] is False
    assert ended.err == ""
    assert {r.page_size for r in deployment.received(pb.ListConversationsRequest)} == {2}


async def test_conversations_are_filtered_by_the_service(deployment: Deployment) -> None:
    deployment.answers("ListConversations", page())
    typed = f"--state waiting --state paused --number {MASKED} --name n --participant p"
    ended = await maskline(deployment.target, "conversations", "list", *typed.split())
    assert ended.status == 0, ended.err
    [request] = deployment.received(pb.ListConversationsRequest)
    expected = [pb.CONVERSATION_STATE_WAITING, pb.CONVERSATION_STATE_PAUSED]
    assert list(request.states) == expected
    assert request.masked_number == MASKED
    assert (request.unique_name, request.participant_id) == ("n", "p")


async def test_conversations_of_a_phone_number_are_those_of_its_participant(
    deployment: Deployment,
) -> None:
    found = person_pb2.LookupParticipantResponse(participant_id="p-alice")
    deployment.answers("LookupParticipant", found)
    deployment.answers("ListConversations", page())
    ended = await maskline(deployment.target, "conversations", "list", "--phone", ALICE_PHONE)
    assert ended.status == 0, ended.err
    [looked_up] = deployment.received(person_pb2.LookupParticipantRequest)
    assert (looked_up.pool_id, looked_up.phone_number) == ("main", ALICE_PHONE)
    [request] = deployment.received(pb.ListConversationsRequest)
    assert request.participant_id == "p-alice"


async def test_a_table_in_a_pipe_is_never_cut_or_wrapped(deployment: Deployment) -> None:
    long = pb.Conversation(conversation_id="c" * 64, unique_name="n" * 64)
    long.MergeFrom(pb.Conversation(masked_number=MASKED, participants=TALKING.participants))
    long.state = pb.CONVERSATION_STATE_PAUSED
    deployment.answers("ListConversations", pb.ListConversationsResponse(conversations=[long]))
    ended = await maskline(deployment.target, "conversations", "list", COLUMNS="40")
    heading, line = ended.out.splitlines()
    assert heading.split()[:3] == ["conversation", "state", "number"]
    assert "c" * 64 in line
    assert "n" * 64 in line
    assert "paused" in line


async def test_a_participant_is_shown_by_number_or_by_id(deployment: Deployment) -> None:
    shown = pb.Participant(participant_id="p", phone_number=BOB_PHONE)
    talk = pb.Conversation(participants=[TALKING.participants[0], shown])
    deployment.answers("ListConversations", pb.ListConversationsResponse(conversations=[talk]))
    ended = await maskline(deployment.target, "conversations", "list")
    assert ended.out.split()[-2:] == ["p-alice", BOB_PHONE]


async def test_pools_and_numbers_are_listed(deployment: Deployment) -> None:
    deployment.answers("ListPools", pool_pb2.ListPoolsResponse(pools=[POOL]))
    ended = await maskline(deployment.target, "pools", "list")
    assert ended.out.splitlines()[1].split() == ["main", "Test", "exchange", "2"]
    number = pool_pb2.MaskedNumber(
        phone_number=MASKED,
        state=pool_pb2.MASKED_NUMBER_STATE_DRAINING,
        reserved=True,
        live_conversation_count=3,
    )
    deployment.answers(
        "ListMaskedNumbers", pool_pb2.ListMaskedNumbersResponse(masked_numbers=[number])
    )
    ended = await maskline(deployment.target, "numbers", "list", "--pool", "city")
    assert ended.out.splitlines()[1].split() == [MASKED, "draining", "yes", "3"]
    assert deployment.received(pool_pb2.ListMaskedNumbersRequest)[0].pool_id == "city"


async def test_messages_have_author_recipient_and_state(deployment: Deployment) -> None:
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    delivered = message_pb2.Message(
        message_id="m1",
        recipient_participant_id="p-alice",
        state=message_pb2.MESSAGE_STATE_DELIVERED,
        create_time=NOON,
    )
    relayed, own = message_pb2.Message(), message_pb2.Message(template="somebody_joined")
    for message in (relayed, own):
        message.MergeFrom(delivered)
    relayed.author_participant_id = "p-bob"
    refused = message_pb2.Message(
        message_id="m2",
        author_participant_id="p-bob",
        state=message_pb2.MESSAGE_STATE_NOT_RELAYED,
        relay_refusal=message_pb2.RELAY_REFUSAL_EMPTY,
    )
    failed = message_pb2.Message(
        message_id="m3",
        system=message_pb2.System(),
        state=message_pb2.MESSAGE_STATE_FAILED,
        failure=message_pb2.Failure(reason=message_pb2.FAILURE_REASON_DISCARDED),
    )
    listed = [relayed, own, refused, failed]
    deployment.answers("ListMessages", message_pb2.ListMessagesResponse(messages=listed))
    ended = await maskline(deployment.target, "conversations", "messages", "c1")
    assert rows(ended) == [
        f"m1 {NOON_SHOWN} XYZ second first delivered",
        f"m1 {NOON_SHOWN} XYZ Maskline (somebody_joined) first delivered",
        "m2 second not-relayed it was empty",
        "m3 Maskline (client) failed it was discarded",
    ]


async def test_dead_letters_are_listed_with_their_reasons(deployment: Deployment) -> None:
    letter = dead_letter_pb2.DeadLetter(
        dead_letter_id="7-0",
        message_id="m1",
        conversation_id="c1",
        reason=event_pb2.DEAD_LETTER_REASON_RETRIES_EXHAUSTED,
        message_create_time=NOON,
        create_time=NOON,
    )
    unreadable = dead_letter_pb2.DeadLetter(
        dead_letter_id="8-0", reason=event_pb2.DEAD_LETTER_REASON_UNREADABLE, create_time=NOON
    )
    deployment.answers(
        "ListDeadLetters",
        dead_letter_pb2.ListDeadLettersResponse(dead_letters=[letter], next_page_token="7-0"),
        dead_letter_pb2.ListDeadLettersResponse(dead_letters=[unreadable]),
    )
    ended = await maskline(deployment.target, "dead-letters", "list", "--pool", "city")
    at = f"{NOON_SHOWN} XYZ"
    assert rows(ended) == [f"7-0 retries-exhausted {at} {at} m1 c1", f"8-0 unreadable {at}"]
    requests = deployment.received(dead_letter_pb2.ListDeadLettersRequest)
    assert [(request.pool_id, request.page_token) for request in requests] == [
        ("city", ""), ("city", "7-0")
    ]  # fmt: skip


async def test_a_timeline_has_a_line_for_each_event(deployment: Deployment) -> None:
    relayed = event(1, event_pb2.EVENT_TYPE_MESSAGE_RELAYED, message_id="m1")
    failure = message_pb2.Failure(
        reason=message_pb2.FAILURE_REASON_UNREACHABLE, carrier_code="12\x1b[31m"
    )
    failed = event(2, event_pb2.EVENT_TYPE_MESSAGE_FAILED, participant_id="p-bob", message_id="m1")
    failed.failure.CopyFrom(failure)
    deployment.answers("GetConversation", pb.GetConversationResponse(conversation=TALKING))
    deployment.answers(
        "ListEvents",
        event_pb2.ListEventsResponse(events=[relayed], next_page_token="a"),
        event_pb2.ListEventsResponse(events=[failed]),
    )
    ended = await maskline(deployment.target, "timeline", "c1")
    assert ended.out.split()[:5] == ["time", "event", "participant", "message", "description"]
    assert rows(ended) == [
        f"{NOON_SHOWN} XYZ message-relayed first m1 "
        "A message from the first participant is relayed.",
        f"{NOON_SHOWN} XYZ message-failed second m1 "
        "The message was not sent: the recipient cannot be reached "
        "(carrier code 12\N{REPLACEMENT CHARACTER}[31m).",
    ]


async def test_blocks_are_listed_with_both_participants(deployment: Deployment) -> None:
    block = person_pb2.Block(
        block_id="b1",
        blocker_participant_id="p-alice",
        blocked_participant_id="p-bob",
        create_time=NOON,
        conversation_id="c1",
    )
    deployment.answers("ListBlocks", person_pb2.ListBlocksResponse(blocks=[block]))
    ended = await maskline(deployment.target, "people", "blocks", "--participant", "p-bob")
    assert rows(ended) == [f"b1 p-alice p-bob {NOON_SHOWN} XYZ c1"]
    [request] = deployment.received(person_pb2.ListBlocksRequest)
    assert (request.pool_id, request.participant_id) == ("main", "p-bob")
