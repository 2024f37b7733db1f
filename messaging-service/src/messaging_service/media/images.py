"""Re-encodes pictures from their pixels, so that no metadata is passed on.

Decoders are attack surface: this runs only in the process of `decoder_process`, and in tests.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import pillow_heif
from PIL import AvifImagePlugin, ExifTags, Image, ImageChops, ImageFile, ImageOps, ImageSequence

from messaging_service.media.jpeg import END, has_more_scans
from messaging_service.model.media import Media, UnsupportedFile

# What phones take and send. Flowroute accepts the first four.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "AVIF", "HEIF")

# The largest that phones take, 50 megapixels. A JPEG is decoded at a fraction of its size.
PIXELS_LIMIT = 52_000_000

# Other formats are decoded at their full size, in 4 bytes per pixel and more. Phones write
# HEIC of 12 or 24 megapixels, and screenshots of 6.
FULL_SIZE_PIXELS_LIMIT = 26_000_000

# Cameras and editors write some 10 scans. Decoding each takes as long as a whole plain picture.
SCANS_LIMIT = 100

# Longest sides in pixels, tried in turn: from what a phone's screen shows to what is recognisable.
SIDES = (2048, 1600, 1280, 1024, 800, 640, 480, 320)

# Hardly distinguishable from the original, at a fifth of its size.
JPEG_QUALITY = 85

# All frames together: 60 of 640 x 640 pixels, which need 120 MB of memory.
ANIMATION_PIXELS_LIMIT = 30_000_000

# Half a minute at the usual pace of animations. Each frame costs time, however small it is.
FRAMES_LIMIT = 500

# Longest sides in pixels, tried in turn until the file is small enough.
ANIMATION_SIDES = (800, 480, 320, 240, 160)

# A picture that was cut short is passed on if at least this part of its area is there.
PRESENT_PART = 0.5

# How HEIF describes that a picture is turned or mirrored.
_TURNS = (b"irot", b"imir")

_WHITE = (255, 255, 255)

# What the decoder of JPEG fills missing rows with.
_GREY = (128, 128, 128)

# Each thread would reserve memory; one picture is decoded at a time.
pillow_heif.options.DECODE_THREADS = 1
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True, slots=True)
class _Frame:
    picture: Image.Image
    duration_ms: int


def strip_metadata(content: bytes, limit_bytes: int) -> Media:
    """The picture in at most `limit_bytes`, upright and without what identifies its sender.

    Raises UnsupportedFile if it is no picture, exceeds a limit or cannot be made small enough.
    """
    try:
        return _reencode(content, limit_bytes)
    except UnsupportedFile:
        raise
    except Exception as error:
        # Decoders raise exceptions of any type on malformed files.
        raise UnsupportedFile(f"no picture: {type(error).__name__}") from None


def _reencode(content: bytes, limit_bytes: int) -> Media:
    with _opened(content) as image:
        if image.format == "GIF" and getattr(image, "is_animated", False):
            return Media("image/gif", reencode_animation(image, limit_bytes))
        is_lossless = image.format in ("PNG", "GIF", "BMP")
        try:
            picture = _pixels(image)
        except OSError:
            picture = _pixels_of_incomplete(content, image.format)
    return _still(picture, limit_bytes, is_lossless=is_lossless)


def _opened(content: bytes) -> Image.Image:
    """The picture, not decoded yet. Raises UnsupportedFile if decoding it would take too much."""
    image = Image.open(BytesIO(content), formats=FORMATS)
    is_jpeg = image.format in ("JPEG", "MPO")
    if image.width * image.height > (PIXELS_LIMIT if is_jpeg else FULL_SIZE_PIXELS_LIMIT):
        raise UnsupportedFile("too many pixels")
    if is_jpeg and has_more_scans(content, SCANS_LIMIT):
        raise UnsupportedFile("too many scans")
    if image.format == "HEIF" and not any(box in content for box in _TURNS):
        # Otherwise the decoder has turned the picture, and Exif says so as well.
        image.getexif()[ExifTags.Base.Orientation] = image.info.get("original_orientation") or 1
    return image


def reencode_animation(image: Image.Image, limit_bytes: int) -> bytes:
    """The animation in at most `limit_bytes`, with its frames, durations and loop count.

    Raises UnsupportedFile if it has too many pixels or cannot be made small enough.
    """
    loop: int | None = image.info.get("loop")
    frames = [*_frames(image)]
    for side in ANIMATION_SIDES:
        for frame in frames:
            frame.picture.thumbnail((side, side))
        content = _encode_animation(frames, loop)
        if len(content) <= limit_bytes:
            return content
    raise UnsupportedFile("cannot be made small enough")


def _frames(image: Image.Image) -> Iterator[_Frame]:
    left = ANIMATION_PIXELS_LIMIT
    for index, frame in enumerate(ImageSequence.Iterator(image)):
        if index >= FRAMES_LIMIT:
            raise UnsupportedFile("too many frames")
        # Later frames may be larger than the header states.
        left -= frame.width * frame.height
        if left < 0:
            raise UnsupportedFile("too many pixels")
        # A new canvas has no comments and other metadata of the frame.
        canvas = Image.new("RGBA", frame.size)
        canvas.paste(frame.convert("RGBA"))
        yield _Frame(canvas, int(frame.info.get("duration", 0)))


def _encode_animation(frames: Sequence[_Frame], loop: int | None) -> bytes:
    first, *rest = [frame.picture for frame in frames]
    output = BytesIO()
    # Without a loop count it plays once; a loop count of 0 plays for ever.
    loop_option = {} if loop is None else {"loop": loop}
    first.save(
        output,
        "GIF",
        save_all=True,
        append_images=rest,
        duration=[frame.duration_ms for frame in frames],
        # Frames are whole pictures: each replaces the one before, transparent pixels included.
        disposal=2,
        **loop_option,
    )
    return output.getvalue()


def _still(picture: Image.Image, limit_bytes: int, *, is_lossless: bool) -> Media:
    if is_lossless:
        content = _encode(picture, "PNG", optimize=True)
        if len(content) <= limit_bytes:
            return Media("image/png", content)
    for content in _smaller_and_smaller(_opaque(picture)):
        if len(content) <= limit_bytes:
            return Media("image/jpeg", content)
    raise UnsupportedFile("cannot be made small enough")


def _pixels(image: Image.Image) -> Image.Image:
    """The visible pixels on a new canvas without metadata."""
    # JPEG is decoded at a fraction of its size if that is still large enough.
    image.draft("RGB", (SIDES[0], SIDES[0]))
    visible = _in_8_bits(image)
    mode = "RGBA" if visible.has_transparency_data else "RGB"
    if visible.mode != mode:
        visible = visible.convert(mode)
    # First and in place, as a picture of full size needs much memory.
    visible.thumbnail((SIDES[0], SIDES[0]))
    _turn_upright(visible)
    canvas = Image.new(mode, visible.size)
    canvas.paste(visible)
    return canvas


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 bits are scaled: Pillow's conversion would turn most of them white."""
    if not image.mode.startswith("I"):
        return image
    return image.point(lambda value: value * (1 / 256)).convert("L")


def _pixels_of_incomplete(content: bytes, image_format: str | None) -> Image.Image:
    """The pixels of a picture whose end is missing. Raises UnsupportedFile if most of it is."""
    is_jpeg = image_format in ("JPEG", "MPO")
    ImageFile.LOAD_TRUNCATED_IMAGES = not is_jpeg
    try:
        with _opened(content + END if is_jpeg else content) as image:
            picture = _pixels(image)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    missing = Image.new(picture.mode, picture.size, _GREY if is_jpeg else 0)
    left, top, right, bottom = ImageChops.difference(picture, missing).getbbox() or (0, 0, 0, 0)
    if (right - left) * (bottom - top) < PRESENT_PART * picture.width * picture.height:
        raise UnsupportedFile("incomplete")
    return picture


def _turn_upright(image: Image.Image) -> None:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:
        # Unreadable metadata contains no orientation.
        return


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    background = Image.new("RGB", picture.size, _WHITE)
    background.paste(picture, mask=picture)
    return background


def _smaller_and_smaller(picture: Image.Image) -> Iterator[bytes]:
    for side in SIDES:
        picture.thumbnail((side, side))
        yield _encode(picture, "JPEG", quality=JPEG_QUALITY, optimize=True)


def _encode(picture: Image.Image, image_format: str, **options: int) -> bytes:
    output = BytesIO()
    picture.save(output, image_format, **options)
    return output.getvalue()
