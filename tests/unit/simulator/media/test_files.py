import base64

import pytest

from simulator.control.media_bodies import attachments
from simulator.control.problems import BadRequest
from simulator.media import files as media_module
from simulator.media.files import PATH, File, MediaStore
from simulator.records import Media
from simulator.storage.data_file import DataFile

PICTURE = File("cat.png", "image/png", b"picture")
CONTENT = base64.b64encode(PICTURE.content).decode()
ELSEWHERE = Media("https://example.net/cat.png", "cat.png", "image/png", 0)


def media_id(media: Media) -> str:
    return media.url.removeprefix(f"{PATH}/").partition("/")[0]


def test_the_oldest_files_go_when_there_are_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_module, "MAX_STORED_BYTES", 2 * media_module.MIN_COUNTED_BYTES)
    media_store = MediaStore(DataFile())
    ids = [media_id(media_store.store(PICTURE)) for _ in range(3)]
    assert [media_store.find(item) is not None for item in ids] == [False, True, True]
    large = File("all.png", "image/png", b"x" * media_module.MAX_STORED_BYTES)
    ids.append(media_id(media_store.store(large)))
    assert [media_store.find(item) is not None for item in ids] == [False, False, False, True]


def test_files_and_addresses_are_taken() -> None:
    listed = [
        ELSEWHERE.url,
        {"content": CONTENT, "mime_type": "image/png", "file_name": "cat.png"},
        {"content": CONTENT, "file_name": "cat.png"},
        {"content": CONTENT},
    ]
    unnamed = File("attachment", "application/octet-stream", PICTURE.content)
    assert attachments({"media": listed}) == (ELSEWHERE, PICTURE, PICTURE, unnamed)
    assert attachments({}) == ()


@pytest.mark.parametrize(
    "value",
    [None, "ftp://example.net/1", {}, {"content": "*"}, {"content": "\u00e9"},
     {"content": CONTENT, "url": ELSEWHERE.url}, {"content": CONTENT, "mime_type": "image"},
     {"content": CONTENT, "mime_type": "image/png\r\nx: y"}, {"content": CONTENT, "file_name": ""},
     {"content": CONTENT, "file_name": "../cat.png"}, {"content": CONTENT, "file_name": "\ud800"}],
)  # fmt: skip
def test_what_is_no_attachment_is_refused(value: object) -> None:
    with pytest.raises(BadRequest):
        attachments({"media": [value]})
