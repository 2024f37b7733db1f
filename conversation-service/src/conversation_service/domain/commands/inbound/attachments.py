"""Which files of a message are relayed.

What a file is, its content says: the messaging service fetches it, and refuses what the pool does
not relay. Phones and carriers declare types wrongly too often to decide by them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.pool import AttachmentPolicy

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
    """Layouts are neither relayed nor refused."""
    files = [file for file in attachments if file.media_type not in _LAYOUT]
    relays_files = policy is not AttachmentPolicy.NONE
    relayed = tuple(file for file in files if file.url and relays_files)
    return AttachmentSplit(relayed, len(files) - len(relayed))
