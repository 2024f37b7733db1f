"""Makes pictures anew from their pixels, so that nothing else of them gets through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, ImageSequence

from messaging_service.model.media import Media, UnsupportedFile

# All frames together: 60 of 640 x 640 pixels, 120 MB of memory while they are worked on.
ANIMATION_PIXELS_LIMIT = 30_000_000

# The longest side in pixels, tried one after the other until the file is small enough.
ANIMATION_SIDES = (800, 480, 320, 240, 160)


@dataclass(frozen=True, slots=True)
class _Frame:
    picture: Image.Image
    duration_ms: int


def reencode_animation(image: Image.Image, room: int) -> bytes:
    """The same animation in at most `room` bytes: its frames, their durations and its loop.

    Raises Unfit when it has too many pixels or cannot be made small enough.
    """
    loop: int | None = image.info.get("loop")
    frames = [*_frames(image)]
    for side in ANIMATION_SIDES:
        for frame in frames:
            frame.picture.thumbnail((side, side))
        content = _encoded_animation(frames, loop)
        if len(content) <= room:
            return content
    raise UnsupportedFile("cannot be made small enough")


def _frames(image: Image.Image) -> Iterator[_Frame]:
    left = ANIMATION_PIXELS_LIMIT
    for frame in ImageSequence.Iterator(image):
        # A later frame may be larger than the first one said.
        left -= frame.width * frame.height
        if left < 0:
            raise UnsupportedFile("too many pixels")
        # A new canvas: what else hangs on a frame, such as comments, stays behind.
        canvas = Image.new("RGBA", frame.size)
        canvas.paste(frame.convert("RGBA"))
        yield _Frame(canvas, int(frame.info.get("duration", 0)))


def _encoded_animation(frames: Sequence[_Frame], loop: int | None) -> bytes:
    first, *rest = [frame.picture for frame in frames]
    written = BytesIO()
    # Without a loop it is played once, which is not the same as a loop of 0, for ever.
    repeats = {} if loop is None else {"loop": loop}
    first.save(
        written,
        "GIF",
        save_all=True,
        append_images=rest,
        duration=[frame.duration_ms for frame in frames],
        # Frames are whole pictures: each takes the place of the one before, holes included.
        disposal=2,
        **repeats,
    )
    return written.getvalue()


# FLOWROUTE's outbound picture types. Few decoders are few ways in.
FORMATS = ("JPEG", "PNG", "GIF", "BMP")

# The largest that phones take, 50 megapixels: 400 MB of memory while it is worked on. A file of a
# few kilobytes can claim any size.
PIXELS_LIMIT = 52_000_000

# The longest side in pixels: first what any phone's screen shows, then what still can be made out.
SIDES = (2048, 1600, 1280, 1024, 800, 640, 480, 320)

# Hardly to be told from the original, at a fifth of its size.
JPEG_QUALITY = 85

_WHITE = (255, 255, 255)


def is_picture(content: bytes) -> bool:
    """Whether it claims to be one, in its first bytes and whatever it was called."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS):
            return True
    except Exception:
        return False


def strip_metadata(content: bytes, room: int) -> Media:
    """The picture in at most `room` bytes, upright and without what identifies its sender.

    Raises Unfit for what is no picture, too large to be worked on, or not to be made small enough.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > PIXELS_LIMIT:
                raise UnsupportedFile("too many pixels")
            if image.format == "GIF" and getattr(image, "is_animated", False):
                return Media("image/gif", reencode_animation(image, room))
            return _still(image, room)
    except UnsupportedFile:
        raise
    except Exception as error:
        # A decoder fed with anything raises anything.
        raise UnsupportedFile(f"no picture: {type(error).__name__}") from None


def _still(image: Image.Image, room: int) -> Media:
    is_lossless = image.format in ("PNG", "GIF", "BMP")
    picture = _pixels(image)
    if is_lossless:
        content = _encoded(picture, "PNG", optimize=True)
        if len(content) <= room:
            return Media("image/png", content)
    for content in _ever_smaller(_opaque(picture)):
        if len(content) <= room:
            return Media("image/jpeg", content)
    raise UnsupportedFile("cannot be made small enough")


def _pixels(image: Image.Image) -> Image.Image:
    """What is seen, on a new canvas that nothing else of the file hangs on."""
    # JPEG is decoded at a fraction of its size where that is still large enough.
    image.draft("RGB", (SIDES[0], SIDES[0]))
    mode = "RGBA" if image.has_transparency_data else "RGB"
    seen = image if image.mode == mode else image.convert(mode)
    # In place and before anything else: at its full size, a picture is large.
    seen.thumbnail((SIDES[0], SIDES[0]))
    _turn_upright(seen)
    canvas = Image.new(mode, seen.size)
    canvas.paste(seen)
    return canvas


def _turn_upright(image: Image.Image) -> None:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:
        # Metadata that cannot be read turns nothing.
        return


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, _WHITE)
    paper.paste(picture, mask=picture)
    return paper


def _ever_smaller(picture: Image.Image) -> Iterator[bytes]:
    for side in SIDES:
        picture.thumbnail((side, side))
        yield _encoded(picture, "JPEG", quality=JPEG_QUALITY, optimize=True)


def _encoded(picture: Image.Image, kind: str, **how: int) -> bytes:
    written = BytesIO()
    picture.save(written, kind, **how)
    return written.getvalue()
