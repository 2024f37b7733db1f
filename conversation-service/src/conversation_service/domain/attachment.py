"""A file that came with a text."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where the carrier offers it, for a limited time, and what the carrier says that it is.

    `content_type` may be empty, `size_bytes` is 0 when the carrier did not say.
    """

    url: str = field(repr=False)
    content_type: str = ""
    size_bytes: int = 0
