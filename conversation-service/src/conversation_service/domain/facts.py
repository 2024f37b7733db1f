"""What a decision may know, and what has to be looked up for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from conversation_service.domain.change import Line, OutboundText
from conversation_service.domain.conversation import Conversation
from conversation_service.domain.phone import Person
from conversation_service.domain.pool import Pool

# To whom, and the words.
Addressed = tuple[Person, str]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What to load before deciding: people's live conversations, a code's, one by id, a silence."""

    lines: tuple[Line, ...] = ()
    code: str = ""
    conversation_id: str = ""
    silence: Line | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision may depend on, besides the intent itself.

    `change_id` is fresh, unique and sorts by time: the id of a new conversation, the etag after
    the change and the stem of its message ids. `fresh_code` has just been drawn.
    """

    pool: Pool
    now: datetime
    change_id: str
    fresh_code: str
    live: Mapping[Line, Conversation]
    invitation: Conversation | None = None
    conversation: Conversation | None = None
    is_silenced: bool = False

    def texts(self, conversation: Conversation, *texts: Addressed) -> tuple[OutboundText, ...]:
        """Texts of this change to people of one conversation, in order."""
        return self._texts(conversation.masked_number, conversation.conversation_id, texts)

    def reply(self, line: Line, body: str) -> tuple[OutboundText, ...]:
        """One text to somebody who is in no conversation."""
        return self._texts(line.masked_number, "", ((line.person, body),))

    def _texts(
        self, masked_number: str, conversation_id: str, texts: Iterable[Addressed]
    ) -> tuple[OutboundText, ...]:
        return tuple(
            OutboundText(
                message_id=f"{self.change_id}-{number}",
                conversation_id=conversation_id,
                from_number=masked_number,
                to_number=person.phone_number,
                body=body,
            )
            for number, (person, body) in enumerate(texts)
        )
