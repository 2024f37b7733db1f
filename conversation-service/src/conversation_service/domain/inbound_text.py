"""A text as the carrier tells of it, by a callback or in its records."""

from dataclasses import dataclass, field
from datetime import datetime

from conversation_service.domain.attachment import Attachment


@dataclass(frozen=True, slots=True)
class InboundText:
    """One text, well-formed.

    `carrier_time` is when the carrier took it, None when it did not say. `is_recovered` if it was
    found in the carrier's records.
    """

    carrier_message_id: str
    from_number: str = field(repr=False)
    to_number: str
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    carrier_time: datetime | None = None
    is_recovered: bool = False
