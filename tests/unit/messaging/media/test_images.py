import struct
import zlib
from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageSequence
from PIL.PngImagePlugin import PngInfo

from messaging_service.media import images
from messaging_service.media.file_types import is_picture
from messaging_service.media.images import strip_metadata
from messaging_service.model.media import Media, UnsupportedFile

ROOM = 700_000
MARK = b"SECRET-MARK-47.6N-122.3W"
RED, BLUE, GREEN = (250, 0, 0), (0, 0, 250), (0, 250, 0)
GPS, GPS_LATITUDE_REF, CAMERA, ORIENTATION = 0x8825, 1, 0x0110, 0x0112


def halves(size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (size[0] // 2, 0, *size))
    return picture


def noise(side: int, mode: str = "RGB") -> Image.Image:
    """Pixels that no format compresses."""
    return Image.frombytes(mode, (side, side), Random(side).randbytes(side * side * len(mode)))


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    written = BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def animation(*frames: Image.Image, **options: object) -> bytes:
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], **options)


def opened(media: Media) -> Image.Image:
    picture = Image.open(BytesIO(media.content))
    picture.load()
    return picture


def exif(orientation: int = 1) -> Image.Exif:
    """Where it was taken, and by which camera."""
    metadata = Image.Exif()
    place = {GPS_LATITUDE_REF: MARK.decode()}
    metadata.update({CAMERA: MARK.decode(), ORIENTATION: orientation, GPS: place})
    return metadata


def png_text() -> PngInfo:
    info = PngInfo()
    info.add_text("Author", MARK.decode())
    info.add_itxt("XML:com.adobe.xmp", MARK.decode())
    info.add_text("Comment", MARK.decode(), zip=False)
    return info


JPEG, PNG = encoded(halves(), "JPEG", quality=90), encoded(halves(), "PNG")
GIF, BMP = encoded(halves(), "GIF"), encoded(halves(), "BMP")
MARKED = {
    "jpeg exif and gps": encoded(halves(), "JPEG", exif=exif()),
    "jpeg comment": encoded(halves(), "JPEG", comment=MARK),
    "jpeg xmp": encoded(halves(), "JPEG", xmp=MARK),
    "jpeg colour profile": encoded(halves(), "JPEG", icc_profile=MARK),
    "png text": encoded(halves(), "PNG", pnginfo=png_text()),
    "png exif": encoded(halves(), "PNG", exif=exif()),
    "png colour profile": encoded(halves(), "PNG", icc_profile=MARK),
    "gif comment": encoded(halves(), "GIF", comment=MARK),
    **{f"trailing bytes {at}": kind + MARK for at, kind in enumerate((JPEG, PNG, GIF, BMP))},
}


def unpacked(content: bytes) -> bytes:
    """The file and every deflated part of it."""
    parts = content
    for at in range(len(content)):
        try:
            parts += zlib.decompressobj().decompress(content[at:])
        except zlib.error:
            continue
    return parts


def close_to(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    pixel = picture.convert("RGB").getpixel(at)
    assert isinstance(pixel, tuple)
    return all(abs(part - wanted) < 30 for part, wanted in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("name", MARKED)
def test_only_the_pixels_of_a_picture_are_passed_on(name: str) -> None:
    # A compressed colour profile has no readable mark.
    assert "profile" in name or MARK in unpacked(MARKED[name])
    media = strip_metadata(MARKED[name], ROOM)
    assert MARK not in unpacked(media.content)
    picture = opened(media)
    assert picture.size == (64, 32)
    assert close_to(picture, (8, 16), RED)
    assert close_to(picture, (56, 16), BLUE)


@pytest.mark.parametrize(
    ("orientation", "size", "where_red_is"),
    [
        (1, (64, 32), (8, 16)),
        (3, (64, 32), (56, 16)),
        (6, (32, 64), (16, 8)),
        (8, (32, 64), (16, 56)),
    ],
)
def test_a_picture_comes_out_upright(
    orientation: int, size: tuple[int, int], where_red_is: tuple[int, int]
) -> None:
    content = encoded(halves(), "JPEG", exif=exif(orientation))
    picture = opened(strip_metadata(content, ROOM))
    assert picture.size == size
    assert close_to(picture, where_red_is, RED)
    assert not picture.getexif()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_picture_whose_metadata_cannot_be_read_is_passed_on() -> None:
    content = encoded(halves(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert opened(strip_metadata(content, ROOM)).size == (64, 32)


def test_every_format_and_colour_comes_out_as_one_that_the_carrier_takes() -> None:
    for content, content_type in (
        (JPEG, "image/jpeg"),
        *((content, "image/png") for content in (PNG, GIF, BMP)),
        (encoded(halves().convert("CMYK"), "JPEG"), "image/jpeg"),
        *((encoded(halves().convert(mode), "PNG"), "image/png") for mode in ("1", "P")),
    ):
        media = strip_metadata(content, ROOM)
        assert media.content_type == content_type
        assert Image.MIME[str(opened(media).format)] == content_type


def test_transparent_pixels_stay_transparent() -> None:
    hole = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    picture = opened(strip_metadata(encoded(hole, "PNG"), ROOM))
    assert picture.mode == "RGBA"
    assert picture.getpixel((4, 4)) == (0, 0, 0, 0)


def test_a_picture_is_made_small_enough_or_refused() -> None:
    media = strip_metadata(encoded(noise(1500), "JPEG", quality=95), 200_000)
    assert len(media.content) <= 200_000
    assert max(opened(media).size) >= 320
    with pytest.raises(UnsupportedFile, match="small enough"):
        strip_metadata(JPEG, 100)
    # No side is longer than a screen.
    assert max(opened(strip_metadata(encoded(halves((4000, 500)), "PNG"), ROOM)).size) == 2048


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("BMP", "RGB")])
def test_a_lossless_picture_that_does_not_fit_becomes_a_jpeg_on_white(kind: str, mode: str) -> None:
    media = strip_metadata(encoded(noise(600, mode), kind), 200_000)
    assert media.content_type == "image/jpeg"
    assert len(media.content) <= 200_000


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    )


@pytest.mark.parametrize("side", [7_500, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    # Pillow itself warns of the largest, which is an error here.
    with pytest.raises(UnsupportedFile, match=r"too many pixels|DecompressionBomb"):
        strip_metadata(bomb(side), ROOM)
    # The largest picture of a phone is within the limit.
    assert images.PIXELS_LIMIT >= 8160 * 6120


def test_other_formats_and_pictures_of_which_most_is_missing_are_refused() -> None:
    others = [encoded(halves(), kind) for kind in ("TIFF", "ICO", "JPEG2000")]
    for content in (
        *(b"", b"BEGIN:VCARD\r\nFN:Somebody\r\nEND:VCARD", b"%PDF-1.7", *others),
        *(b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a" + b"\xff" * 40),
        *(JPEG[:200], PNG[:60]),
    ):
        with pytest.raises(UnsupportedFile):
            strip_metadata(content, ROOM)
    for content in (JPEG, PNG, GIF, BMP):
        assert is_picture(content)
    for content in (*others, b"BEGIN:VCARD", b"BMW is a car", b"\0\0\0\x18ftypisom"):
        assert not is_picture(content)


FRAMES = [Image.new("RGB", (40, 20), colour) for colour in (RED, GREEN, BLUE)]


@pytest.mark.parametrize("loop", [None, 0, 3])
def test_an_animation_keeps_its_frames_durations_and_loop(loop: int | None) -> None:
    repeats = {} if loop is None else {"loop": loop}
    content = animation(*FRAMES, duration=[100, 200, 300], comment=MARK, **repeats) + MARK
    media = strip_metadata(content, ROOM)
    assert media.content_type == "image/gif"
    assert MARK not in media.content
    picture = opened(media)
    assert picture.info.get("loop") == loop
    durations = [frame.info["duration"] for frame in ImageSequence.Iterator(opened(media))]
    assert durations == [100, 200, 300]
    for at, colour in enumerate((RED, GREEN, BLUE)):
        picture.seek(at)
        assert close_to(picture, (10, 10), colour)


def test_transparent_parts_of_an_animation_stay_transparent() -> None:
    frames = [Image.new("RGBA", (40, 20), (0, 0, 0, 0)) for _ in range(3)]
    for at, frame in enumerate(frames):
        frame.paste((*RED, 255), (at * 10, 0, at * 10 + 10, 20))
    picture = opened(strip_metadata(animation(*frames, disposal=2, duration=50), ROOM))
    for at in range(3):
        picture.seek(at)
        pixels = picture.convert("RGBA")
        alphas = [pixels.getpixel((left * 10 + 5, 10)) for left in range(4)]
        assert [isinstance(pixel, tuple) and pixel[3] > 0 for pixel in alphas] == [
            left == at for left in range(4)
        ]


def test_an_animation_is_made_small_enough_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = animation(*(noise(side).resize((400, 400)) for side in (200, 201, 202)))
    media = strip_metadata(content, 300_000)
    assert len(media.content) <= 300_000 < len(content)
    assert [frame.size for frame in ImageSequence.Iterator(opened(media))] == [(240, 240)] * 3
    with pytest.raises(UnsupportedFile, match="small enough"):
        strip_metadata(content, 1_000)
    monkeypatch.setattr(images, "ANIMATION_PIXELS_LIMIT", 2 * 40 * 20)
    with pytest.raises(UnsupportedFile, match="too many pixels"):
        strip_metadata(animation(*FRAMES), ROOM)


def test_a_decoder_fails_cleanly_on_any_bytes() -> None:
    random = Random(4)
    for sample in (MARKED["jpeg exif and gps"], PNG, animation(*FRAMES)):
        for _ in range(40):
            broken = bytearray(sample)
            for _ in range(4):
                broken[random.randrange(len(broken))] = random.randrange(256)
            try:
                assert MARK not in strip_metadata(bytes(broken), ROOM).content
            except UnsupportedFile:
                continue
