"""Text parts of a message: their words belong to the body."""

from dataclasses import replace

import pytest
from integration.messaging.media.conftest import Shelf

from messaging_service.media import policy as policy_rules
from messaging_service.media.relay import MediaRelay
from messaging_service.model.message import Attachment, AttachmentPolicy, OutboundMessage

WORDS = "the words of a long message"


def with_parts(
    shelf: Shelf, body: str, *paths: str, policy: AttachmentPolicy = AttachmentPolicy.PICTURES
) -> OutboundMessage:
    """A message whose parts with "text" in their path are declared as plain text."""
    message = shelf.text(*paths, policy=policy)
    attachments = tuple(
        Attachment(file.url, "text/plain; charset=utf-8") if "text" in file.url else file
        for file in message.attachments
    )
    return replace(message, body=body, attachments=attachments)


@pytest.fixture(autouse=True)
def texts(shelf: Shelf) -> None:
    shelf.files["/text"] = f"\ufeff{WORDS}\r\n".encode()
    shelf.files["/text-more"] = b"and more"
    shelf.files["/text-empty"] = b" \n"
    shelf.files["/text-card"] = b"BEGIN:VCARD\nEND:VCARD"
    shelf.files["/text-control"] = b"a\x1b[2J"
    shelf.files["/text-long"] = b"x" * 10_001


@pytest.mark.parametrize(
    ("body", "paths", "sent", "files", "refused"),
    [
        ("", ["/text"], WORDS, 0, 0),
        ("", ["/a", "/text"], WORDS, 1, 0),
        ("look", ["/text", "/a"], f"look\n{WORDS}", 1, 0),
        ("look", ["/text", "/a", "/text-more"], f"look\n{WORDS}\nand more", 1, 0),
        (f"{WORDS} ", ["/text", "/a"], f"{WORDS} ", 1, 0),
        ("look", ["/text-empty", "/a"], "look", 1, 0),
        *(("look", [path, "/a"], "look", 1, 1) for path in ("/text-card", "/text-control")),
        ("look", ["/text-long", "/a"], "look", 1, 1),
    ],
)
async def test_words_follow_the_body_unless_they_repeat_it(
    room: MediaRelay, shelf: Shelf, body: str, paths: list[str], sent: str, files: int, refused: int
) -> None:
    message = with_parts(shelf, body, *paths)
    prepared = await room.prepare(message)
    assert (prepared.body, len(prepared.urls), prepared.refused) == (sent, files, refused)
    assert await room.prepare(message) == prepared
    assert len(shelf.paths) == len(paths)


async def test_words_pass_where_no_files_do(room: MediaRelay, shelf: Shelf) -> None:
    policy = AttachmentPolicy.NONE
    shelf.files["/text-picture"] = shelf.files["/a"]
    message = with_parts(shelf, "", "/a", "/text", "/text-picture", policy=policy)
    prepared = await room.prepare(message)
    assert (prepared.body, prepared.urls, prepared.refused) == (WORDS, (), 2)


async def test_words_are_no_file_of_the_limit_but_pictures_declared_as_text_are(
    room: MediaRelay, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_rules, "FILES_LIMIT", 2)
    shelf.files["/text-picture"] = shelf.files["/a"]
    prepared = await room.prepare(with_parts(shelf, "", *["/a"] * 3, "/text", "/text-picture"))
    assert (prepared.body, len(prepared.urls), prepared.refused) == (WORDS, 2, 2)
