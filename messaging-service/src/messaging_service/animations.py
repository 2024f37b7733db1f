"""Makes animated GIFs anew from their frames."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageSequence

from messaging_service.media import Unfit

# All frames together: 60 of 640 x 640 pixels, 120 MB of memory while they are worked on.
PIXELS_LIMIT = 30_000_000
# The longest side in pixels, tried one after the other until the file is small enough.
SIDES = (800, 480, 320, 240, 160)


@dataclass(frozen=True, slots=True)
class _Frame:
    picture: Image.Image
    duration_ms: int


def animated(image: Image.Image, room: int) -> bytes:
    """The same animation in at most `room` bytes: its frames, their durations and its loop.

    Raises Unfit when it has too many pixels or cannot be made small enough.
    """
    loop: int | None = image.info.get("loop")
    frames = [*_frames(image)]
    for side in SIDES:
        for frame in frames:
            frame.picture.thumbnail((side, side))
        content = _encoded(frames, loop)
        if len(content) <= room:
            return content
    raise Unfit("cannot be made small enough")


def _frames(image: Image.Image) -> Iterator[_Frame]:
    left = PIXELS_LIMIT
    for frame in ImageSequence.Iterator(image):
        # A later frame may be larger than the first one said.
        left -= frame.width * frame.height
        if left < 0:
            raise Unfit("too many pixels")
        # A new canvas: what else hangs on a frame, such as comments, stays behind.
        canvas = Image.new("RGBA", frame.size)
        canvas.paste(frame.convert("RGBA"))
        yield _Frame(canvas, int(frame.info.get("duration", 0)))


def _encoded(frames: Sequence[_Frame], loop: int | None) -> bytes:
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
