"""The words of text parts belong to the body."""

from dataclasses import replace

import pytest

from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.model.messages import Attachment, InboundMessage
from conversation_service.domain.model.text_parts import (
    TextPart,
    TextPartKind,
    with_text_parts,
    without_text_parts,
)
from support.builders.conversations import BOB
from support.builders.decisions import PICTURE

FILE = TextPart(TextPartKind.FILE)
GONE = TextPart(TextPartKind.GONE)
UNAVAILABLE = TextPart(TextPartKind.UNAVAILABLE)
TEXTS = [
    Attachment(f"https://media.example.net/{number}", "TEXT/plain; charset=utf-8")
    for number in range(3)
]
MESSAGE = InboundMessage("mdr2-1", "+14255550111", "+12065550100", "")


def words(text: str) -> TextPart:
    return TextPart(TextPartKind.TEXT, text)


@pytest.mark.parametrize(
    ("body", "parts", "complete"),
    [
        ("", [words("STOP")], "STOP"),
        (" ", [words("STOP"), words("STOP")], "STOP"),
        ("look", [words("the words")], "look\nthe words"),
        ("look ", [words("one"), words("two"), words("one")], "look\none\ntwo"),
        ("the words ", [words("the words"), words("")], "the words "),
    ],
)
def test_words_follow_the_body_unless_they_repeat_it(
    body: str, parts: list[TextPart], complete: str
) -> None:
    files = (*TEXTS[: len(parts)], PICTURE)
    message = with_text_parts(replace(MESSAGE, body=body, attachments=files), parts)
    assert (message.body, message.attachments) == (complete, (PICTURE,))


@pytest.mark.parametrize(
    ("part", "url"),
    [(FILE, TEXTS[0].url), (words("x" * 9_996), TEXTS[0].url), (GONE, ""), (UNAVAILABLE, "")],
)
def test_a_part_without_words_that_fit_is_a_file_and_one_that_is_missing_has_no_address(
    part: TextPart, url: str
) -> None:
    partial = replace(MESSAGE, body="look", attachments=(TEXTS[0], PICTURE))
    message = with_text_parts(partial, [part])
    assert (message.body, message.attachments) == ("look", (replace(TEXTS[0], url=url), PICTURE))


def test_a_message_is_recognised_with_and_without_the_words_of_its_parts() -> None:
    partial = replace(MESSAGE, attachments=(TEXTS[0],))
    complete = with_text_parts(partial, [words("STOP")])
    messages = (partial, complete, without_text_parts(partial))
    assert len({ReceiveMessage(message, BOB).idempotency_key for message in messages}) == 1


def test_only_text_parts_with_an_address_are_fetched_or_left_out() -> None:
    nameless = Attachment("", "text/plain")
    message = replace(MESSAGE, attachments=(PICTURE, *TEXTS, nameless))
    assert message.text_parts == tuple(TEXTS)
    assert without_text_parts(message).attachments == (PICTURE, nameless)
