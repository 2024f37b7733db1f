"""Pictures are passed on with their words; what is not passed on is told to who sent it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.inbound.attachments import (
    AttachmentSplit,
    split_attachments,
)
from conversation_service.domain.model.loop_detection import LOOP_LENGTH
from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import AttachmentPolicy
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, says
from support.decisions import (
    ACTIVE,
    CARD,
    PICTURE,
    WAITING,
    after,
    facts,
    happened,
    pool_with,
    text,
    told,
)

PICTURES = AttachmentPolicy.PICTURES
ALL = AttachmentPolicy.ALL
NONE = AttachmentPolicy.NONE
ANY_POLICY = list(AttachmentPolicy)

# A declared type, and the policies under which such a file is passed on.
PASSED = [
    ("image/jpeg", {PICTURES, ALL}),
    ("image/png", {PICTURES, ALL}),
    ("image/gif", {PICTURES, ALL}),
    ("image/bmp", {PICTURES, ALL}),
    ("IMAGE/JPEG; name=x.jpg", {PICTURES, ALL}),
    ("", {PICTURES, ALL}),
    ("application/octet-stream", {PICTURES, ALL}),
    ("video/3gpp", {ALL}),
    ("video/mp4", {ALL}),
    ("audio/amr", {ALL}),
    ("audio/mpeg", {ALL}),
    ("text/plain; charset=utf-8", {ALL}),
    ("image/svg+xml", set[AttachmentPolicy]()),
    ("image/heic", set[AttachmentPolicy]()),
    ("text/x-vcard", set[AttachmentPolicy]()),
    ("text/vcard", set[AttachmentPolicy]()),
    ("application/pdf", set[AttachmentPolicy]()),
    ("picture", set[AttachmentPolicy]()),
]
SMIL = Attachment("https://media.example.net/3", "application/smil", 850)
EMPTY_PART = Attachment("https://media.example.net/4", "text/plain", 0)
NOTE = Attachment("https://media.example.net/5", "text/plain", 12)


def by_active(
    body: str,
    *attachments: Attachment,
    by: Person = BOB,
    policy: AttachmentPolicy = PICTURES,
) -> Change:
    known = facts(ACTIVE, pool=pool_with(attachment_policy=policy))
    return text(body, by, attachments=attachments).decide(known)


def files(change: Change) -> Iterable[tuple[str, tuple[Attachment, ...]]]:
    return [(one.body, one.attachments) for one in change.texts if one.to == ALICE]


@pytest.mark.parametrize(("content_type", "policies"), PASSED)
@pytest.mark.parametrize("policy", ANY_POLICY)
def test_a_file_is_passed_on_by_its_declared_type_as_the_pool_wants(
    policy: AttachmentPolicy, content_type: str, policies: set[AttachmentPolicy]
) -> None:
    file = Attachment("https://media.example.net/1", content_type, 1000)
    expected = AttachmentSplit((file,)) if policy in policies else AttachmentSplit(refused=1)
    assert split_attachments([file], policy) == expected


@pytest.mark.parametrize("policy", ANY_POLICY)
def test_a_layout_and_an_empty_part_are_missed_by_nobody(policy: AttachmentPolicy) -> None:
    assert split_attachments([SMIL, EMPTY_PART], policy) == AttachmentSplit()


def test_files_keep_their_order_and_those_between_them_are_counted() -> None:
    other = replace(PICTURE, url="https://media.example.net/9")
    assert split_attachments([PICTURE, CARD, other, NOTE], PICTURES) == AttachmentSplit(
        (PICTURE, other), 2
    )


def test_a_picture_goes_out_with_its_words() -> None:
    change = by_active("look", PICTURE)
    assert files(change) == [("look", (PICTURE,))]
    assert happened(change) == [("MESSAGE_RELAYED", "")]
    assert change.texts[0].is_relayed


@pytest.mark.parametrize("body", ["", "  "])
def test_a_picture_without_words_is_relayed(body: str) -> None:
    change = by_active(body, SMIL, PICTURE)
    assert files(change) == [(body, (PICTURE,))]
    assert told(change) == [(ALICE, body)]


def test_what_is_not_passed_on_is_told_once_and_the_rest_goes_out() -> None:
    change = by_active("us", CARD, PICTURE, CARD)
    assert files(change) == [("us", (PICTURE,))]
    assert told(change)[1:] == [(BOB, says(Template.ATTACHMENT_NOT_PASSED_ON))]
    assert happened(change) == [
        ("ATTACHMENTS_REFUSED", ""),
        ("MESSAGE_RELAYED", ""),
        ("SYSTEM_TEXT_ACCEPTED", "attachment_not_passed_on"),
    ]
    assert change.events[0].participant_id == BOB.participant_id


def test_a_file_that_is_not_passed_on_and_has_no_words_is_not_lost_silently() -> None:
    change = by_active("", CARD)
    assert change.after is None
    assert told(change) == [(BOB, says(Template.ATTACHMENT_NOT_PASSED_ON))]
    assert happened(change)[0] == ("MESSAGE_NOT_RELAYED", "ATTACHMENTS_ONLY")


def test_a_text_with_nothing_but_a_layout_is_empty() -> None:
    assert told(by_active("", SMIL, EMPTY_PART)) == [(BOB, says(Template.EMPTY))]


def test_a_pool_that_passes_no_files_on_says_so() -> None:
    change = by_active("look", PICTURE, policy=NONE)
    assert told(change) == [(ALICE, "look"), (BOB, says(Template.NO_ATTACHMENTS))]
    assert files(change) == [("look", ())]
    assert told(by_active("", PICTURE, policy=NONE)) == [(BOB, says(Template.NO_ATTACHMENTS))]


def test_a_command_is_a_command_whatever_comes_with_it() -> None:
    assert after(by_active("end", PICTURE)).end_time is not None
    assert told(by_active("help", CARD)) == [(BOB, says(Template.HELP))]
    stopped = by_active("optout", PICTURE)
    assert all(not one.attachments for one in stopped.texts)


def test_a_picture_for_nobody_goes_to_nobody() -> None:
    waiting = text("", ALICE, attachments=(PICTURE,)).decide(facts(WAITING))
    assert {one.to for one in waiting.texts} == {ALICE}
    stranger = text("", BOB, attachments=(PICTURE,)).decide(facts())
    assert told(stranger) == [(BOB, says(Template.HELP))]


def test_pictures_without_words_may_go_back_and_forth_for_ever() -> None:
    conversation = ACTIVE
    for turn in range(3 * LOOP_LENGTH):
        sender = (ALICE, BOB)[turn % 2]
        change = text("", sender, attachments=(PICTURE,)).decide(facts(conversation))
        assert [one.attachments for one in change.texts] == [(PICTURE,)]
        conversation = after(change)


def test_words_that_go_round_are_stopped_even_with_pictures() -> None:
    conversation, passed = ACTIVE, []
    for turn in range(3 * LOOP_LENGTH):
        sender, body = ((ALICE, "I am away."), (BOB, "Thanks!"))[turn % 2]
        change = text(body, sender, attachments=(PICTURE,)).decide(facts(conversation))
        passed.append(bool(change.after))
        conversation = change.after or conversation
    assert not all(passed)


def test_the_address_of_a_file_is_shown_nowhere() -> None:
    arrived = text("", attachments=(PICTURE,))
    assert PICTURE.url not in repr(arrived) + repr(arrived.decide(facts(ACTIVE)))


def test_a_text_is_the_same_text_wherever_its_files_are_offered() -> None:
    called_back = text("look", attachments=(PICTURE,))
    message = replace(called_back.message, attachments=(), is_recovered=True)
    on_record = replace(called_back, message=message)
    assert called_back.receipt == on_record.receipt
