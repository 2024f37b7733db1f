"""That all about a person was removed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is kept of it: nothing says whose it was."""

    erasure_id: str
    time: datetime
    # Ended conversations that were removed, the other participant's view of them included.
    conversations: int
    # Texts that were owed, or among the dead letters, and are not any more.
    texts: int
