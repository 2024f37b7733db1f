"""Bodies and files are relayed unchanged, or refused with a reply."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.inbound.attachments import (
    AttachmentSplit,
    split_attachments,
)
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.loop_detection import LOOP_LENGTH
from conversation_service.domain.model.messages import MAX_LENGTH, Attachment, is_sendable
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import AttachmentPolicy
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, system_message
from support.builders.decisions import (
    ACTIVE,
    CARD,
    PAUSED,
    PICTURE,
    WAITING,
    after,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_of,
)
from support.builders.unusual_bodies import UNUSUAL_BODIES

PICTURES, ALL, NONE = AttachmentPolicy.PICTURES, AttachmentPolicy.ALL, AttachmentPolicy.NONE
UNSUITABLE = ["\0", "a\0b", "\x1b[2J", "\x07", "\x0b", "\x1f", "x" * (MAX_LENGTH + 1)]

DECLARED_TYPES = ["image/jpeg", "IMAGE/JPEG; name=x.jpg", "image/*", "image/heic", "image/svg+xml"]
DECLARED_TYPES += ["", "application/octet-stream", "video/mp4", "text/x-vcard", "multipart/related"]
SMIL = Attachment("https://media.example.net/3", "application/smil", 850)
EMPTY_PART = Attachment("https://media.example.net/4", "text/plain", 0)
NOTE = Attachment("https://media.example.net/5", "text/plain", 12)


def from_active(body: str, *attachments: Attachment, policy: AttachmentPolicy = PICTURES) -> Change:
    snapshot = snapshot_of(ACTIVE, pool=pool_with({"relay.attachment_policy": policy}))
    return incoming(body, attachments=attachments).decide(snapshot)


def relayed(change: Change) -> Iterable[tuple[str, tuple[Attachment, ...]]]:
    return [(message.body, message.attachments) for message in change.texts if message.to == ALICE]


@pytest.mark.parametrize("body", UNUSUAL_BODIES)
def test_an_unusual_body_is_relayed_and_held_unchanged(body: str) -> None:
    assert sent_bodies(incoming(body).decide(snapshot_of(ACTIVE))) == [(ALICE, body)]
    [held] = incoming(body).decide(snapshot_of(PAUSED)).held
    assert held.body == body


@pytest.mark.parametrize("body", UNSUITABLE)
def test_a_body_that_cannot_be_sent_is_refused_with_a_reply(body: str) -> None:
    for conversation in (ACTIVE, PAUSED):
        change = incoming(body, attachments=(PICTURE,)).decide(snapshot_of(conversation))
        assert sent_bodies(change) == [(BOB, system_message(Template.UNSUITABLE))]
        assert event_details(change)[0] == ("MESSAGE_NOT_RELAYED", "UNSUITABLE")
        assert (change.after, change.held) == (None, ())


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200))
def test_a_body_without_control_characters_is_never_refused(body: str) -> None:
    assert is_sendable(body)


@pytest.mark.parametrize("content_type", DECLARED_TYPES)
def test_a_file_is_relayed_whatever_its_declared_type_if_the_pool_relays_files(
    content_type: str,
) -> None:
    file = Attachment("https://media.example.net/1", content_type, 1000)
    assert split_attachments([file], NONE) == AttachmentSplit(refused=1)
    for policy in (PICTURES, ALL):
        assert split_attachments([file], policy) == AttachmentSplit((file,))


@pytest.mark.parametrize("policy", AttachmentPolicy)
def test_a_layout_is_ignored(policy: AttachmentPolicy) -> None:
    assert split_attachments([SMIL], policy) == AttachmentSplit()


@pytest.mark.parametrize("policy", AttachmentPolicy)
@pytest.mark.parametrize("content_type", ["", "image/png", "text/plain"])
def test_a_file_without_an_address_is_refused(policy: AttachmentPolicy, content_type: str) -> None:
    assert split_attachments([Attachment("", content_type)], policy) == AttachmentSplit(refused=1)


NOTICE = system_message(Template.ATTACHMENT_NOT_PASSED_ON)


@pytest.mark.parametrize(
    ("sender", "conversation", "body"),
    [
        *(
            (BOB, ACTIVE, body)
            for body in ("help", "info", "report", "bye", "start", "block", "unsubscribe")
        ),
        *((ALICE, WAITING, body) for body in ("start", "help", "end", "unsubscribe")),
        *((BOB, None, body) for body in ("start", "help", "unsubscribe")),
    ],
)
@pytest.mark.parametrize("file", [PICTURE, CARD])
def test_the_reply_to_a_keyword_tells_that_a_file_with_it_is_not_relayed(
    sender: Person, conversation: Conversation | None, body: str, file: Attachment
) -> None:
    snapshot = snapshot_of(*([conversation] if conversation else []))
    alone = incoming(body, sender).decide(snapshot)
    change = incoming(body, sender, attachments=(file,)).decide(snapshot)
    assert sent_bodies(change) == [
        (to, f"{text} {NOTICE}" if to == sender else text) for to, text in sent_bodies(alone)
    ]
    assert event_details(change) == [*event_details(alone), ("MESSAGE_ATTACHMENTS_REFUSED", "")]
    assert change.sender_limits == alone.sender_limits
    replies = [text for to, text in sent_bodies(change) if to == sender]
    assert all(snapshot.pool.catalog.is_system_message(reply) for reply in replies)


@pytest.mark.parametrize(("sender", "conversation"), [(BOB, ACTIVE), (ALICE, WAITING), (BOB, None)])
def test_a_keyword_without_a_reply_gets_a_notice_of_its_file(
    sender: Person, conversation: Conversation | None
) -> None:
    snapshot = snapshot_of(*([conversation] if conversation else []))
    change = incoming("unstop", sender, attachments=(PICTURE,)).decide(snapshot)
    assert sent_bodies(change) == [(sender, NOTICE)]
    assert event_details(change) == [
        ("MESSAGE_ATTACHMENTS_REFUSED", ""),
        ("MESSAGE_ACCEPTED", "attachment_not_passed_on"),
    ]
    assert change.sender_limits is not None
    assert change.sender_limits.after.replies.number == 1


def test_the_notice_in_a_reply_has_no_second_prefix() -> None:
    snapshot = snapshot_of(ACTIVE, pool=pool_with({"system_message_prefix": "[Acme]"}))
    change = incoming("help", attachments=(PICTURE,)).decide(snapshot)
    [(_, reply)] = sent_bodies(change)
    assert reply.startswith("[Acme] ")
    assert reply.endswith(f" {NOTICE}")
    assert snapshot.pool.catalog.is_system_message(reply)


def test_nothing_is_sent_after_an_opt_out_that_the_carrier_confirms() -> None:
    assert sent_bodies(from_active("stop", PICTURE)) == sent_bodies(from_active("stop"))


def test_words_that_could_not_be_fetched_are_told_beside_a_keyword() -> None:
    [(_, reply)] = sent_bodies(from_active("help", replace(NOTE, url="")))
    assert reply.endswith(f" {NOTICE}")


def test_files_keep_their_order_and_refused_ones_are_counted() -> None:
    other = replace(PICTURE, url="https://media.example.net/9")
    split = split_attachments([PICTURE, CARD, other, NOTE], PICTURES)
    assert split == AttachmentSplit((PICTURE, other, NOTE), 1)


@pytest.mark.parametrize("body", ["look", "", "  "])
def test_a_picture_is_relayed_with_or_without_a_body(body: str) -> None:
    change = from_active(body, SMIL, PICTURE)
    assert relayed(change) == [(body, (PICTURE,))]
    assert sent_bodies(change) == [(ALICE, body)]
    assert event_details(change) == [("MESSAGE_RELAYED", "")]
    assert change.texts[0].is_relayed


def test_refused_files_get_one_reply_and_the_rest_is_relayed() -> None:
    change = from_active("us", CARD, PICTURE, CARD)
    assert relayed(change) == [("us", (PICTURE,))]
    assert sent_bodies(change)[1:] == [(BOB, system_message(Template.ATTACHMENT_NOT_PASSED_ON))]
    assert event_details(change) == [
        ("MESSAGE_ATTACHMENTS_REFUSED", ""),
        ("MESSAGE_RELAYED", ""),
        ("MESSAGE_ACCEPTED", "attachment_not_passed_on"),
    ]
    assert change.events[0].participant_id == BOB.participant_id


def test_a_refused_file_without_a_body_gets_a_reply() -> None:
    change = from_active("", CARD)
    assert change.after is None
    assert sent_bodies(change) == [(BOB, system_message(Template.ATTACHMENT_NOT_PASSED_ON))]
    assert event_details(change)[0] == ("MESSAGE_NOT_RELAYED", "ATTACHMENTS_ONLY")


def test_a_message_with_nothing_but_a_layout_is_empty() -> None:
    assert sent_bodies(from_active("", SMIL)) == [(BOB, system_message(Template.EMPTY))]


def test_a_pool_that_relays_no_files_replies_so() -> None:
    change = from_active("look", PICTURE, policy=NONE)
    assert sent_bodies(change) == [(ALICE, "look"), (BOB, system_message(Template.NO_ATTACHMENTS))]
    assert relayed(change) == [("look", ())]
    assert sent_bodies(from_active("", PICTURE, policy=NONE)) == [
        (BOB, system_message(Template.NO_ATTACHMENTS))
    ]


def test_a_keyword_counts_with_a_file_and_the_file_goes_to_nobody() -> None:
    assert after(from_active("end", PICTURE)).end_time is not None
    assert all(not message.attachments for message in from_active("optout", PICTURE).texts)
    waiting = incoming("", ALICE, attachments=(PICTURE,)).decide(snapshot_of(WAITING))
    assert {message.to for message in waiting.texts} == {ALICE}
    stranger = incoming("", BOB, attachments=(PICTURE,)).decide(snapshot_of())
    assert sent_bodies(stranger) == [(BOB, system_message(Template.HELP))]


@pytest.mark.parametrize(("bodies", "is_loop"), [(("", ""), False), (("I am away.", "Ok!"), True)])
def test_only_pictures_with_a_body_can_be_a_loop(bodies: tuple[str, str], is_loop: bool) -> None:
    conversation, was_relayed = ACTIVE, []
    for turn in range(3 * LOOP_LENGTH):
        message = incoming(bodies[turn % 2], (ALICE, BOB)[turn % 2], attachments=(PICTURE,))
        change = message.decide(snapshot_of(conversation))
        was_relayed.append(change.texts[0].attachments == (PICTURE,))
        conversation = change.after or conversation
    assert all(was_relayed) is not is_loop


def test_no_representation_shows_the_url_of_a_file() -> None:
    command = incoming("", attachments=(PICTURE,))
    assert PICTURE.url not in repr(command) + repr(command.decide(snapshot_of(ACTIVE)))


def test_a_callback_and_a_record_of_a_message_have_the_same_idempotency_key() -> None:
    by_callback = incoming("look", attachments=(PICTURE,))
    record = replace(by_callback.message, attachments=(), is_recovered=True)
    assert by_callback.idempotency_key == replace(by_callback, message=record).idempotency_key
