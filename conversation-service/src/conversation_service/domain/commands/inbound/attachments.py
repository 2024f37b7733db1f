"""Which files of a message are relayed, by their declared types.

The messaging service checks the content: it refuses a file that is not what it declares.
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

# These declare no type; the messaging service finds out whether it is a picture.
_UNDECLARED = frozenset(["", "application/octet-stream", "binary/octet-stream"])

_RELAYED = {
    AttachmentPolicy.NONE: frozenset[str](),
    AttachmentPolicy.PICTURES: _PICTURES | _UNDECLARED,
    AttachmentPolicy.ALL: _PICTURES | _UNDECLARED | _VIDEOS | _SOUNDS,
}

# Added by phones to arrange the parts of a message on the screen; people do not send it knowingly.
_LAYOUT = frozenset(["application/smil", "application/smil+xml"])


@dataclass(frozen=True, slots=True)
class AttachmentSplit:
    """The files that are relayed, in their order, and how many are refused."""

    relayed: tuple[Attachment, ...] = ()
    refused: int = 0


def split_attachments(
    attachments: Iterable[Attachment], policy: AttachmentPolicy
) -> AttachmentSplit:
    """Layouts are neither relayed nor refused. Text parts are words, which no policy refuses."""
    files = [file for file in attachments if file.media_type not in _LAYOUT]
    relayed = tuple(
        file for file in files if file.url and (file.is_text or file.media_type in _RELAYED[policy])
    )
    return AttachmentSplit(relayed, len(files) - len(relayed))
