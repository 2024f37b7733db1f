"""Re-encodes pictures from their pixels, so that no metadata is passed on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, ImageSequence

from messaging_service.model.media import Media, UnsupportedFile

# FLOWROUTE's outbound picture types. Each decoder is attack surface, so there are no more.
FORMATS = ("JPEG", "PNG", "GIF", "BMP")

# The largest that phones take, 50 megapixels, needs 400 MB of memory. A file of a few kilobytes can
# claim any size.
PIXELS_LIMIT = 52_000_000

# Longest sides in pixels, tried in turn: from what a phone's screen shows to what is recognisable.
SIDES = (2048, 1600, 1280, 1024, 800, 640, 480, 320)

# Hardly distinguishable from the original, at a fifth of its size.
JPEG_QUALITY = 85

# All frames together: 60 of 640 x 640 pixels, which need 120 MB of memory.
ANIMATION_PIXELS_LIMIT = 30_000_000

# Longest sides in pixels, tried in turn until the file is small enough.
ANIMATION_SIDES = (800, 480, 320, 240, 160)

_WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class _Frame:
    picture: Image.Image
    duration_ms: int


def is_picture(content: bytes) -> bool:
    """Whether the first bytes are those of a picture, whatever its claimed type."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS):
            return True
    except Exception:
        return False


def strip_metadata(content: bytes, limit_bytes: int) -> Media:
    """The picture in at most `limit_bytes`, upright and without what identifies its sender.

    Raises UnsupportedFile if it is no picture, has too many pixels or cannot be made small enough.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > PIXELS_LIMIT:
                raise UnsupportedFile("too many pixels")
            if image.format == "GIF" and getattr(image, "is_animated", False):
                return Media("image/gif", reencode_animation(image, limit_bytes))
            return _still(image, limit_bytes)
    except UnsupportedFile:
        raise
    except Exception as error:
        # Decoders raise exceptions of any type on malformed files.
        raise UnsupportedFile(f"no picture: {type(error).__name__}") from None


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
    for frame in ImageSequence.Iterator(image):
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


def _still(image: Image.Image, limit_bytes: int) -> Media:
    is_lossless = image.format in ("PNG", "GIF", "BMP")
    picture = _pixels(image)
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
    mode = "RGBA" if image.has_transparency_data else "RGB"
    visible = image if image.mode == mode else image.convert(mode)
    # First and in place, as a picture of full size needs much memory.
    visible.thumbnail((SIDES[0], SIDES[0]))
    _turn_upright(visible)
    canvas = Image.new(mode, visible.size)
    canvas.paste(visible)
    return canvas


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
