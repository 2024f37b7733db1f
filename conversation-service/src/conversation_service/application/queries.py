"""Looking conversations up: lists, texts, timelines."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from conversation_service.application.pools import PoolContext
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.participants import Person, Route
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.event_log import RecordedEvent
from conversation_service.store.outbox.outbox import MessageStatus

# What one call of a filtered list looks at before it answers with what it has: some 20 ms.
EXAMINED_LIMIT = 2000

CHUNK = 500


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations are asked for."""

    state: State | None = None
    masked_number: str = ""
    unique_name: str = ""
    person: Person | None = None

    def fits(self, conversation: Conversation) -> bool:
        """Whether one is among them."""
        return (
            (self.state is None or conversation.state is self.state)
            and self.masked_number in ("", conversation.masked_number)
            and self.unique_name in ("", conversation.unique_name)
            and (self.person is None or self.person in conversation.participants)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some conversations, and what leads to the next ones: nothing at the end."""

    conversations: list[Conversation]
    next_token: str


async def conversations(
    pool: PoolContext, wanted: ConversationFilter, size: int, token: str
) -> Page:
    """Newest first, behind the id `token`."""
    if wanted.unique_name:
        named = await pool.store.named(wanted.unique_name)
        return Page([named] if named and wanted.fits(named) else [], "")
    if wanted.person is not None:
        return _paginate(await of_person(pool, wanted.person), wanted, size, token)
    return await _scan(pool, wanted.fits, size, token)


async def of_person(pool: PoolContext, person: Person) -> list[Conversation]:
    """The conversations of a person that are kept, newest first."""
    known = await pool.executor.reload()
    lines = [Route(number, person) for number in known.masked_numbers]
    found = [*await pool.store.on_lines(lines), *await pool.store.history(person)]
    by_id = {one.conversation_id: one for one in found}
    return [by_id[name] for name in sorted(by_id, reverse=True)]


async def iterate(pool: PoolContext) -> AsyncIterator[Conversation]:
    """All conversations of a pool, newest first."""
    token, chunk = "", await pool.store.page(CHUNK, "")
    while chunk:
        for conversation in chunk:
            yield conversation
            token = conversation.conversation_id
        chunk = await pool.store.page(CHUNK, token)


def _paginate(
    found: Sequence[Conversation], wanted: ConversationFilter, size: int, token: str
) -> Page:
    older = [one for one in found if not token or one.conversation_id < token]
    fitting = [one for one in older if wanted.fits(one)]
    page = fitting[:size]
    return Page(page, page[-1].conversation_id if len(fitting) > size else "")


async def _scan(
    pool: PoolContext, fits: Callable[[Conversation], bool], size: int, token: str
) -> Page:
    found: list[Conversation] = []
    for _ in range(EXAMINED_LIMIT // CHUNK):
        chunk = await pool.store.page(CHUNK, token)
        for conversation in chunk:
            if fits(conversation):
                found.append(conversation)
            token = conversation.conversation_id
            if len(found) == size:
                return Page(found, token)
        if len(chunk) < CHUNK:
            return Page(found, "")
    return Page(found, token)


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """An outbound text: what brought it about, how far it got, and who receives it."""

    event: Event
    message: MessageStatus
    recipient: Person


@dataclass(frozen=True, slots=True)
class TextPage:
    """Some texts of a conversation, and what leads to the next ones."""

    texts: list[MessageSummary]
    next_token: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Some events of a conversation, and what leads to the next ones."""

    conversation: Conversation
    events: list[RecordedEvent]
    next_token: str


async def timeline(pool: PoolContext, conversation_id: str, size: int, token: str) -> Timeline:
    """Oldest first, from the place `token` on. Raises ConversationNotFound."""
    conversation = await pool.get(conversation_id)
    start = int(token or 0)
    events = await pool.journal.timeline(conversation_id, start, size)
    length = await pool.journal.length(conversation_id)
    following = str(start + size) if start + size < length else ""
    return Timeline(conversation, events, following)


async def texts(
    pool: PoolContext, people: PersonIds, conversation_id: str, size: int, token: str
) -> TextPage:
    """Oldest first; a page holds the texts of as many events. Raises ConversationNotFound."""
    told = await timeline(pool, conversation_id, size, token)
    outbound = (EventType.MESSAGE_RELAYED, EventType.SYSTEM_TEXT_ACCEPTED)
    events = {one.event.message_id: one.event for one in told.events if one.event.type in outbound}
    messages = await pool.outbox.messages(list(events))
    found = [
        MessageSummary(events[one.message_id], one, people.known_as(pool.name, one.recipient_id))
        for one in messages
    ]
    return TextPage(found, told.next_token)
