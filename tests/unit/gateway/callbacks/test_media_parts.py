"""The parts of an MMS: layouts, text parts, and files that are announced only."""

import json

import pytest

from gateway.callbacks.inbound_message import parse_message
from maskline.ingest.v1 import ingest_pb2
from support.fakes.carrier_callbacks import medium, sms


def parse(*included: object, announced: object = None) -> ingest_pb2.InboundMessage:
    callback = {**sms(is_mms=True), "included": list(included)}
    data = callback["data"]
    assert isinstance(data, dict)
    data["relationships"] = announced
    message = parse_message(json.dumps(callback).encode())
    assert isinstance(message, ingest_pb2.InboundMessage)
    return message


def ids(*numbers: object) -> object:
    return {"media": {"data": [{"id": number, "type": "media"} for number in numbers]}}


@pytest.mark.parametrize("layout", ["application/smil", "Application/SMIL; charset=utf-8"])
def test_layouts_do_not_count_as_files(layout: str) -> None:
    layouts = [medium(number, mime_type=layout) for number in range(100, 120)]
    files = [medium(number) for number in range(16)]
    assert parse(*layouts, *files).attachments == parse(*files).attachments
    assert len(parse(*layouts, *files).attachments) == 16


def test_of_more_parts_than_the_contract_allows_words_come_first() -> None:
    """The messaging service passes ten files on and tells the sender of the others."""
    files = [medium(number) for number in range(20)]
    message = parse(*files, medium(20, mime_type="text/plain; charset=utf-8"))
    assert message.body == "hello"
    expected = [parse(medium(number)).attachments[0].url for number in (20, *range(15))]
    assert [attachment.url for attachment in message.attachments] == expected


@pytest.mark.parametrize("url", [None, "", 7])
def test_a_described_file_without_an_address_is_there_to_be_told(url: object) -> None:
    [attachment] = parse(medium(1, url=url)).attachments
    assert attachment == ingest_pb2.Attachment(content_type="image/png", size_bytes=14832)
    assert parse({"type": "media"}).attachments == [ingest_pb2.Attachment()]


def test_a_file_that_is_announced_and_not_described_is_there_to_be_told() -> None:
    described = medium(1)
    message = parse(described, announced=ids("1", "gone", "gone too"))
    assert message.attachments == [
        *parse(described).attachments,
        *(ingest_pb2.Attachment(), ingest_pb2.Attachment()),
    ]
    assert parse(described, announced=ids("1")) == parse(described)


@pytest.mark.parametrize(
    "announced",
    [
        None,
        7,
        [],
        "media",
        {},
        {"media": None},
        {"media": {"data": None}},
        {"media": {"data": [7]}},
    ],
)
def test_malformed_announcements_are_none(announced: object) -> None:
    assert parse(announced=announced) == parse()


@pytest.mark.parametrize(
    ("size", "is_kept"), [(0, False), ("0", False), (27, True), (None, True), ("many", True)]
)
def test_only_a_text_part_that_is_said_to_be_empty_is_left_out(size: object, is_kept: bool) -> None:
    text = medium(1, mime_type="text/plain", file_size=size)
    assert (parse(text, announced=ids("1")).attachments != []) is is_kept
