"""What did not arrive, as far as the person who wrote it is concerned."""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """What became of a participant's text instead of arriving whole."""

    NOT_DELIVERED = "NOT_DELIVERED"
    UNCERTAIN = "UNCERTAIN"
    ATTACHMENTS_REFUSED = "ATTACHMENTS_REFUSED"
    ATTACHMENTS_ONLY_REFUSED = "ATTACHMENTS_ONLY_REFUSED"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed text. Whoever is not the recipient in its conversation wrote it."""

    message_id: str
    conversation_id: str
    recipient_person_id: str
    kind: FailureKind
