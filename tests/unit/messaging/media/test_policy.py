import struct
from itertools import product

import pytest

from messaging_service.media.file_types import EXTENSIONS, is_picture
from messaging_service.media.policy import (
    DROPPED,
    FILES_LIMIT,
    REFUSED,
    TOTAL_LIMIT_BYTES,
    FileOutcome,
    FileStatus,
    SizeBudget,
    rejected_unfetched,
    sanitize,
    size_budget,
)
from messaging_service.model.media import Media, UnsupportedFile
from messaging_service.model.media_origins import parse_origins
from messaging_service.model.message import Attachment, AttachmentPolicy, OutboundMessage

ALLOWED = parse_origins("https://*.amazonaws.com")
HERE, ELSEWHERE = "https://s3.amazonaws.com/a", "https://example.com/a"
FILE, LAYOUT = Attachment(HERE), Attachment(HERE, "application/smil")
AMPLE = SizeBudget(700_000, 700_000)
NONE, PICTURES, ALL = AttachmentPolicy.NONE, AttachmentPolicy.PICTURES, AttachmentPolicy.ALL
VCARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Somebody\r\nEND:VCARD\r\n"
SMIL = b'<?xml version="1.0"?><smil><head/></smil>'
OTHERS = {
    "video/3gpp": b"\0\0\0\x18ftyp3gp4" + b"\0" * 40,
    "video/mp4": b"\0\0\0\x18ftypmp42" + b"\0" * 40,
    "video/x-msvideo": b"RIFF\0\0\0\0AVI LIST",
    "video/mpeg": b"\0\0\1\xba" + b"\0" * 40,
    "audio/amr": b"#!AMR\n" + b"\0" * 40,
    "audio/midi": b"MThd\0\0\0\6",
    "audio/wav": b"RIFF\0\0\0\0WAVEfmt ",
    "audio/ac3": b"\x0b\x77" + b"\0" * 40,
    "audio/mpeg": b"ID3\3" + b"\0" * 40,
}


def message(
    *attachments: Attachment, policy: AttachmentPolicy = PICTURES, body: str = ""
) -> OutboundMessage:
    return OutboundMessage(
        *("m1", "main", "+12065550100", "+14255550111", body),
        attachments=attachments,
        attachment_policy=policy,
    )


@pytest.mark.parametrize(
    ("attachment", "policy", "outcome"),
    [
        (Attachment(HERE, "image/png"), PICTURES, None),
        (Attachment(HERE, "video/mp4"), PICTURES, None),
        (FILE, ALL, None),
        (Attachment(HERE, "image/png"), NONE, REFUSED),
        (Attachment(ELSEWHERE, "image/png"), ALL, REFUSED),
        (LAYOUT, NONE, DROPPED),
        (Attachment(ELSEWHERE, "Application/SMIL; charset=utf-8"), PICTURES, DROPPED),
    ],
)
def test_some_files_need_not_be_fetched(
    attachment: Attachment, policy: AttachmentPolicy, outcome: FileOutcome | None
) -> None:
    assert rejected_unfetched(message(attachment, policy=policy), ALLOWED).get(0) == outcome


def test_more_files_than_the_limit_are_refused_and_a_layout_does_not_count() -> None:
    outcomes = rejected_unfetched(message(LAYOUT, *[FILE] * (FILES_LIMIT + 2)), ALLOWED)
    assert outcomes == {0: DROPPED, FILES_LIMIT + 1: REFUSED, FILES_LIMIT + 2: REFUSED}


@pytest.mark.parametrize("policy", [PICTURES, ALL])
@pytest.mark.parametrize("claimed", ["image/jpeg", "text/x-vcard", "text/plain", "a/b", ""])
def test_personal_data_is_refused_whatever_its_claimed_type(
    claimed: str, policy: AttachmentPolicy
) -> None:
    with pytest.raises(UnsupportedFile):
        sanitize(VCARD, claimed, policy, AMPLE)


def brands(major: str, *compatible: str) -> bytes:
    content = b"ftyp" + major.encode() + bytes(4) + "".join(compatible).encode()
    return struct.pack(">I", len(content) + 4) + content + bytes(40)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        *((brands(major, "isom"), "video/mp4") for major in ("isom", "mp42", "qt  ", "M4V ")),
        *((brands(major, "isom", "3gp4"), "video/3gpp") for major in ("3gp4", "3gp6", "3g2a")),
        (brands("iso5", "dash", "mp41"), "video/mp4"),
    ],
)
def test_brands_of_videos_are_videos(content: bytes, content_type: str) -> None:
    assert not is_picture(content)
    assert sanitize(content, "image/heic", ALL, AMPLE) == Media(content_type, content)


@pytest.mark.parametrize("major", ["heic", "heix", "heim", "hevc", "mif1", "msf1", "avif", "avis"])
def test_brands_of_pictures_are_pictures(major: str) -> None:
    for content in (brands(major, "isom", "mp42"), brands("isom", "mp42", major)):
        assert is_picture(content)


@pytest.mark.parametrize(
    "content",
    [
        *(brands(major, "isom") for major in ("crx ", "jxl ", "jp2 ", "vvic", "xyz1", "\0\0\0\0")),
        brands("isom", "crx "),
        brands("isom") + b"\0\0\0\x28meta\0\0\0\0\0\0\0\x21hdlr" + bytes(8) + b"pict",
        # Raw pictures of several makers.
        *(
            b"II*\0\x10\0\0\0CR\2\0",
            b"MM\0*\0\0\0\x08",
            b"IIRO\x08",
            b"IIU\0\x18",
            b"FUJIFILMCCD-RAW",
        ),
    ],
)
def test_raw_and_unknown_pictures_are_no_videos(content: bytes) -> None:
    assert not is_picture(content)
    for policy, claimed in product((PICTURES, ALL), ("video/mp4", "image/x-canon-cr3", "")):
        with pytest.raises(UnsupportedFile):
            sanitize(content, claimed, policy, AMPLE)


def test_unsupported_files_are_refused_whatever_their_claimed_type() -> None:
    contents = (b"%PDF-1.7", b"PK\3\4", b"MZ", b"<svg/>", b"\0\0", b"\xff", b"")
    for content, claimed in product(contents, ("image/png", "video/mp4", "a/b", "")):
        with pytest.raises(UnsupportedFile):
            sanitize(content, claimed, ALL, AMPLE)


@pytest.mark.parametrize("content_type", OTHERS)
def test_other_types_pass_unchanged_where_the_pool_allows_them(content_type: str) -> None:
    content = OTHERS[content_type]
    assert sanitize(content, "image/png", ALL, AMPLE) == Media(content_type, content)
    with pytest.raises(UnsupportedFile):
        sanitize(content, content_type, PICTURES, AMPLE)
    assert content_type in EXTENSIONS


def test_plain_text_passes_as_plain_text_only() -> None:
    words = "caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode()
    assert sanitize(words, "text/plain; charset=utf-8", ALL, AMPLE) == Media("text/plain", words)
    with pytest.raises(UnsupportedFile):
        sanitize(words, "application/octet-stream", ALL, AMPLE)
    for data in (b"\xff\xfe", b"a\0b", b"  begin:vcalendar"):
        with pytest.raises(UnsupportedFile):
            sanitize(data, "text/plain", ALL, AMPLE)


@pytest.mark.parametrize("policy", [PICTURES, ALL])
def test_a_layout_and_an_empty_part_are_dropped_and_not_counted(policy: AttachmentPolicy) -> None:
    assert sanitize(SMIL, "application/octet-stream", policy, AMPLE) is None
    assert sanitize(b"", "text/plain", policy, AMPLE) is None


def test_a_file_that_cannot_be_reduced_must_fit() -> None:
    audio = OTHERS["audio/amr"]
    budget = SizeBudget(picture=10, other=len(audio))
    assert sanitize(audio, "", ALL, budget)
    with pytest.raises(UnsupportedFile, match="too large"):
        sanitize(audio + b"\0", "", ALL, budget)


def test_all_files_and_the_body_stay_within_the_carriers_limit() -> None:
    whole = message(*[FILE] * 3, body="\N{EURO SIGN}" * 100)
    outcomes: dict[int, FileOutcome] = {}
    for position in range(3):
        outcomes[position] = FileOutcome(FileStatus.KEPT, size_budget(whole, outcomes).picture)
    taken = sum(outcome.size_bytes for outcome in outcomes.values())
    assert TOTAL_LIMIT_BYTES - 20_000 < taken + len(whole.body.encode()) <= TOTAL_LIMIT_BYTES


def test_later_files_may_use_what_smaller_ones_leave() -> None:
    alone, both = size_budget(message(FILE), {}), message(FILE, FILE)
    assert size_budget(both, {}).picture == alone.picture // 2
    assert size_budget(both, {0: REFUSED}) == alone
    kept = FileOutcome(FileStatus.KEPT, 1_000)
    assert size_budget(both, {0: kept}).picture == alone.picture - 1_000
    # A file that cannot be made smaller leaves some room for pictures.
    assert size_budget(both, {}).picture < size_budget(both, {}).other < alone.other
