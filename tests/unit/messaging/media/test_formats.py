"""Formats that carriers do not take, incomplete pictures, and pictures that cost too much."""

import struct

import pytest
from PIL import Image
from unit.messaging.media.test_images import (
    BLUE,
    FRAMES,
    JPEG,
    MARK,
    RED,
    ROOM,
    animation,
    close_to,
    encoded,
    exif,
    halves,
    noise,
    opened,
)

from messaging_service.media import images
from messaging_service.media.file_types import is_picture
from messaging_service.media.images import strip_metadata
from messaging_service.model.media import UnsupportedFile


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_pictures_that_carriers_do_not_take_become_jpeg(kind: str, orientation: int) -> None:
    options = {"exif": exif(orientation), "xmp": MARK, "quality": 90}
    content = encoded(halves(), kind, **options)
    assert is_picture(content)
    assert MARK in content
    media = strip_metadata(content, ROOM)
    assert media.content_type == "image/jpeg"
    assert MARK not in media.content
    picture = opened(media)
    assert picture.size == ((64, 32) if orientation == 1 else (32, 64))
    assert close_to(picture, (8, 8), RED)
    assert close_to(picture, (picture.width - 8, picture.height - 8), BLUE)
    assert not picture.getexif()


@pytest.mark.parametrize("kind", ["AVIF", "WEBP"])
def test_the_first_frame_of_other_animations_is_passed_on(kind: str) -> None:
    content = encoded(FRAMES[0], kind, save_all=True, append_images=FRAMES[1:])
    media = strip_metadata(content, ROOM)
    assert media.content_type == "image/jpeg"
    assert close_to(opened(media), (10, 10), RED)


@pytest.mark.parametrize(
    "content",
    [
        JPEG[:-2],
        encoded(halves(), "JPEG", progressive=True)[:-2],
        encoded(noise(64), "JPEG")[:-1000],
        encoded(noise(64), "JPEG", progressive=True)[:-1000],
        encoded(noise(64), "PNG")[:-1000],
    ],
)
def test_a_picture_whose_end_is_missing_is_passed_on(content: bytes) -> None:
    assert opened(strip_metadata(content, ROOM)).size in ((64, 32), (64, 64))


def test_a_picture_of_which_most_is_missing_is_refused() -> None:
    for kind in ("JPEG", "PNG"):
        content = encoded(noise(64), kind)
        with pytest.raises(UnsupportedFile):
            strip_metadata(content[: len(content) // 3], ROOM)


def test_greys_of_16_bits_keep_their_order() -> None:
    values = [0, 0x0FFF, 0x4000, 0x8000, 0xC000, 0xFFFF]
    grey = Image.frombytes("I;16", (6, 1), struct.pack("<6H", *values))
    picture = opened(strip_metadata(encoded(grey, "PNG"), ROOM)).convert("L")
    assert [picture.getpixel((left, 0)) for left in range(6)] == [value >> 8 for value in values]


def test_a_picture_that_costs_too_much_to_decode_is_refused_before() -> None:
    scan = JPEG[JPEG.index(b"\xff\xda") : -2]
    with pytest.raises(UnsupportedFile, match="too many scans"):
        strip_metadata(JPEG[:-2] + scan * 5_446 + JPEG[-2:], ROOM)
    frames = [
        Image.new("RGB", (1, 1), (RED, BLUE)[at % 2]) for at in range(images.FRAMES_LIMIT + 1)
    ]
    with pytest.raises(UnsupportedFile, match="too many frames"):
        strip_metadata(animation(*frames, duration=20), ROOM)
    for kind in ("PNG", "BMP"):
        with pytest.raises(UnsupportedFile, match="too many pixels"):
            strip_metadata(encoded(Image.new("1", (7_200, 7_200)), kind), ROOM)
