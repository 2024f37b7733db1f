"""Which files of a text are passed on, as far as their declared types tell.

What a file really is, the messaging service finds out; it refuses what is not what it says.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.pool import AttachmentPolicy

# The outbound types of Flowroute (support article on MMS): PNG JPEG GIF BMP; 3GP MP4 AVI MPG; AMR
# MIDI WAV AC3 MP3; plain text. Each by its usual names.
_PICTURES = frozenset(
    {
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/jpg",
        "image/pjpeg",
        "image/png",
        "image/x-ms-bmp",
    }
)

_VIDEOS = frozenset(
    {"video/3gpp", "video/3gpp2", "video/avi", "video/mp4", "video/mpeg", "video/x-msvideo"}
)

_SOUNDS = frozenset(
    {
        "audio/3gpp",
        "audio/ac3",
        "audio/amr",
        "audio/mid",
        "audio/midi",
        "audio/mp3",
        "audio/mp4",
        "audio/mpeg",
        "audio/vnd.wave",
        "audio/wav",
        "audio/x-midi",
        "audio/x-wav",
    }
)

_PLAIN = "text/plain"

# Nothing is said with these; whether it is a picture, its content tells.
_UNSAID = frozenset(["", "application/octet-stream", "binary/octet-stream"])

_PASSED = {
    AttachmentPolicy.NONE: frozenset[str](),
    AttachmentPolicy.PICTURES: _PICTURES | _UNSAID,
    AttachmentPolicy.ALL: _PICTURES | _UNSAID | _VIDEOS | _SOUNDS | {_PLAIN},
}

# How the parts of a message lie on a screen: nobody sent that knowingly.
_LAYOUT = frozenset(["application/smil", "application/smil+xml"])


@dataclass(frozen=True, slots=True)
class AttachmentSplit:
    """The files that are passed on, in their order, and how many are not."""

    passed: tuple[Attachment, ...] = ()
    refused: int = 0


def split_attachments(
    attachments: Iterable[Attachment], policy: AttachmentPolicy
) -> AttachmentSplit:
    """What a pool passes on; what nobody misses is neither passed on nor refused."""
    files = [one for one in attachments if not _is_nothing(one)]
    passed = tuple(one for one in files if _type(one) in _PASSED[policy])
    return AttachmentSplit(passed, len(files) - len(passed))


def _is_nothing(attachment: Attachment) -> bool:
    """A layout, or the empty part that stands for a picture's missing words."""
    declared = _type(attachment)
    return declared in _LAYOUT or (declared == _PLAIN and attachment.size_bytes == 0)


def _type(attachment: Attachment) -> str:
    """Without parameters such as a character set."""
    return attachment.content_type.partition(";")[0].strip().lower()
