"""Two people talk through the simulator: their phones, the gateway, both services and back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from conformance.kit.line import Line, find_line
from conformance.kit.own_pool import OwnPool, participants
from conformance.kit.simulator import Phone, Simulator, Text, eventually
from conformance.kit.target import Target
from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2, message_pb2

# A code always holds a digit, so that no word is taken for one.
CODE = re.compile(r"\b(?=[A-Z]*\d)[A-Z\d]{6}\b")
UNDER_WAY_NO_MORE = (message_pb2.MESSAGE_STATE_SENT, message_pb2.MESSAGE_STATE_DELIVERED)


@dataclass(frozen=True)
class Story:
    """Two phones and the number that they text."""

    line: Line
    alice: Phone
    bob: Phone

    def connect(self) -> pb.Conversation:
        """One starts, the other joins, both by text; each has then got as many texts as said."""
        self.alice.text(self.line.number, "Start")
        [invitation] = self.alice.received(1)
        code = CODE.search(invitation.body)
        assert code is not None
        self.bob.text(self.line.number, f"Join {code[0]}")
        self.bob.received(1)
        self.alice.received(2)
        return self.line.conversations_of(self.bob)[0]

    def relay(self, sender: Phone, receiver: Phone, body: str) -> Text:
        """What the receiver gets next, which is what was texted."""
        before = len(receiver.texts())
        sender.text(self.line.number, body)
        received = receiver.received(before + 1)[before]
        assert received.body == body
        assert received.peer == self.line.number
        return received


@pytest.fixture
def story(own: OwnPool, simulator: Simulator, target: Target) -> Iterator[Story]:
    line = find_line(own, simulator)
    if reason := line.why_not_in_english():
        target.skip(reason)
    phones = [simulator.add_phone(own.person()) for _ in range(2)]
    yield Story(line, *phones)
    for phone in phones:
        line.end_all_of(phone)
        simulator.remove_phone(phone.number)


def test_two_phones_start_join_talk_and_end(story: Story) -> None:
    alice, bob = story.alice, story.bob
    conversation = story.connect()
    assert conversation.state == pb.CONVERSATION_STATE_ACTIVE
    story.relay(alice, bob, "hello Bob")
    story.relay(bob, alice, "hello Alice, 5 € & 😀\nstart the car")
    bob.text(story.line.number, "End")
    alice.received(4)
    bob.received(3)
    ended = story.line.conversations_of(alice)[0]
    assert ended.conversation_id == conversation.conversation_id
    assert ended.end_reason == pb.END_REASON_PARTICIPANT_ENDED
    for phone, other in ((alice, bob), (bob, alice)):
        for text in phone.texts():
            assert text.peer == story.line.number
            assert other.number[1:] not in text.body


def test_every_text_of_a_conversation_is_known_to_have_been_sent(story: Story) -> None:
    conversation = story.connect()
    story.relay(story.alice, story.bob, "on its way")

    def sent() -> list[message_pb2.Message] | None:
        messages = story.line.messages(conversation.conversation_id)
        return messages if all(one.state in UNDER_WAY_NO_MORE for one in messages) else None

    messages = eventually(sent)
    people = [person.participant_id for person in conversation.participants]
    relayed = [one for one in messages if one.author_participant_id]
    assert [one.author_participant_id for one in relayed] == people[:1]
    assert [one.recipient_participant_id for one in relayed] == people[1:]
    assert all(bool(one.template) is not bool(one.author_participant_id) for one in messages)


def test_a_text_that_the_carrier_hands_in_again_is_relayed_once(
    story: Story, simulator: Simulator
) -> None:
    story.connect()
    text_id = story.alice.text(story.line.number, "only once")
    for _ in range(3):
        simulator.resend(text_id)
    story.alice.text(story.line.number, "the last word")
    received = story.bob.received(3)
    assert [text.body for text in received[1:]] == ["only once", "the last word"]


def test_a_client_opens_a_conversation_speaks_into_it_and_ends_it(story: Story) -> None:
    alice, bob = story.alice, story.bob
    service, ask = story.line.own.client.conversations, story.line.own.ask
    opened = story.line.open(alice, bob)
    pool, name = opened.pool_id, opened.conversation_id
    assert alice.received(1)[0].body == bob.received(1)[0].body
    story.relay(alice, bob, "who is there?")
    speaker = opened.participants[0].participant_id
    send = message_pb2.SendMessageRequest(
        pool_id=pool, conversation_id=name, participant_id=speaker, body="it is me"
    )
    ask(service.SendMessage, send)
    assert bob.received(3)[2].body == "it is me"
    send = message_pb2.SendMessageRequest(
        pool_id=pool, conversation_id=name, system=message_pb2.System(), body="for both"
    )
    ask(service.SendMessage, send)
    assert alice.received(2)[1].body == bob.received(4)[3].body == "for both"
    ask(service.EndConversation, pb.EndConversationRequest(pool_id=pool, conversation_id=name))
    assert alice.received(3)[2].body == bob.received(5)[4].body


def test_what_is_texted_during_a_pause_arrives_in_order_afterwards(story: Story) -> None:
    pool, own = story.line.pool, story.line.own
    if pool.settings.relay.pause_policy == pool_pb2.PAUSE_POLICY_REFUSE:
        own.client.target.skip(f"the setting `pause_policy` of the pool {pool.pool_id} is REFUSE")
    opened = story.line.open(story.alice, story.bob)
    where = {"pool_id": opened.pool_id, "conversation_id": opened.conversation_id}
    own.ask(own.client.conversations.PauseConversation, pb.PauseConversationRequest(**where))
    for body in ("first", "second"):
        story.alice.text(story.line.number, body)
    own.ask(own.client.conversations.ResumeConversation, pb.ResumeConversationRequest(**where))

    def relayed() -> list[str] | None:
        bodies = [text.body for text in story.bob.texts() if text.body in ("first", "second")]
        return bodies if len(bodies) == 2 else None

    assert eventually(relayed) == ["first", "second"]

    def followed() -> list[set[event_pb2.EventType.ValueType]] | None:
        """The types of each message's events, once the carrier has the messages."""
        listing = event_pb2.ListEventsRequest(
            pool_id=opened.pool_id, conversation_id=opened.conversation_id
        )
        events = own.ask(own.client.events.ListEvents, listing).events
        held = [one.message_id for one in events if one.type == event_pb2.EVENT_TYPE_MESSAGE_HELD]
        types = [{one.type for one in events if one.message_id == name} for name in held]
        return types if all(event_pb2.EVENT_TYPE_MESSAGE_SENT in one for one in types) else None

    for types in eventually(followed):
        assert event_pb2.EVENT_TYPE_MESSAGE_RELAYED in types


def test_stop_ends_everything_and_keeps_the_person_out_until_unstop(story: Story) -> None:
    alice, bob, own = story.alice, story.bob, story.line.own
    conversation = story.connect()
    own.people.will_opt_out(alice.number)
    alice.text(story.line.number, "STOP")
    bob.received(2)
    ended = story.line.conversations_of(bob)[0]
    assert ended.conversation_id == conversation.conversation_id
    assert ended.end_reason == pb.END_REASON_OPTED_OUT
    look = person_pb2.GetOptOutRequest(phone_number=alice.number)
    state = own.ask(own.client.people.GetOptOut, look).opt_out
    assert state.source == person_pb2.OPT_OUT_SOURCE_TEXT
    start = pb.CreateConversationRequest(
        pool_id=ended.pool_id, participants=participants(alice.number)
    )
    assert own.client.refusal(own.filled(start)).reason == "PARTICIPANT_OPTED_OUT"
    alice.text(story.line.number, "UNSTOP")
    assert not own.ask(own.client.people.GetOptOut, look).opt_out.opted_out
