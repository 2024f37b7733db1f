"""Queries: conversations, their messages, and events, in pages."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from conversation_service.application.event_subscription import EventSelection
from conversation_service.application.pools import PoolContext
from conversation_service.domain.errors import MessageNotFound
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.participants import Person, Route
from conversation_service.store.event_log import START, RecordedEvent

CHUNK = 500


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Fields that are not set match every conversation."""

    states: frozenset[State] = frozenset()
    masked_number: str = ""
    unique_name: str = ""
    person: Person | None = None

    def matches(self, conversation: Conversation) -> bool:
        """Whether all fields match."""
        return (
            (not self.states or conversation.state in self.states)
            and self.masked_number in ("", conversation.masked_number)
            and self.unique_name in ("", conversation.unique_name)
            and (self.person is None or self.person in conversation.participants)
        )


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A page of conversations; `next_token` is empty on the last one."""

    conversations: list[Conversation]
    next_token: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message and its conversation; None outside of any."""

    record: MessageRecord
    conversation: Conversation | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of a conversation's messages; `next_token` is empty on the last one."""

    conversation: Conversation
    records: list[MessageRecord]
    next_token: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of events; `next_token`, the last one's id, is empty on the last page."""

    events: list[RecordedEvent]
    next_token: str


async def conversations(
    pool: PoolContext, wanted: ConversationFilter, size: int, token: str
) -> ConversationPage:
    """Newest first, after the id `token`."""
    if wanted.unique_name:
        return _paginate(await pool.store.named(wanted.unique_name), wanted, size, token)
    if wanted.person is not None:
        return _paginate(await of_person(pool, wanted.person), wanted, size, token)
    page = await pool.store.page(size, token, wanted.states, wanted.masked_number)
    # One may have moved to another state meanwhile.
    matching = [conversation for conversation in page.conversations if wanted.matches(conversation)]
    return ConversationPage(matching, page.next_before)


async def of_person(pool: PoolContext, person: Person) -> list[Conversation]:
    """The stored conversations of a person, newest first."""
    current = await pool.executor.reload()
    routes = [Route(number, person) for number in current.masked_numbers]
    stored = [*await pool.store.on_routes(routes), *await pool.store.history(person)]
    by_id = {conversation.conversation_id: conversation for conversation in stored}
    return [by_id[conversation_id] for conversation_id in sorted(by_id, reverse=True)]


async def live_conversations_of(pool: PoolContext, person: Person) -> list[Conversation]:
    """The live conversations of a person, newest first."""
    current = await pool.executor.reload()
    routes = [Route(number, person) for number in current.masked_numbers]
    live = [stored for stored in await pool.store.on_routes(routes) if stored.is_live]
    return sorted(live, key=lambda stored: stored.conversation_id, reverse=True)


async def iterate(pool: PoolContext) -> AsyncIterator[Conversation]:
    """All conversations of a pool, newest first."""
    page = await pool.store.page(CHUNK, "")
    while True:
        for conversation in page.conversations:
            yield conversation
        if not page.next_before:
            return
        page = await pool.store.page(CHUNK, page.next_before)


async def events(pool: PoolContext, selection: EventSelection, size: int, token: str) -> EventPage:
    """Oldest first, the selected ones of `size` events after the id `token`.

    Raises ConversationNotFound.
    """
    conversation_id, log = selection.conversation_id, pool.event_log
    if conversation_id:
        await pool.get(conversation_id)
        stored = await log.timeline(conversation_id, token or START, size + 1)
    else:
        stored = await log.after(token or START, size + 1)
    page = stored[:size]
    next_token = page[-1].event_id if len(stored) > size else ""
    return EventPage([*filter(selection.matches, page)], next_token)


async def conversations_of(
    pool: PoolContext, events: Iterable[RecordedEvent]
) -> dict[str, Conversation]:
    """The stored conversations of events, by their id."""
    return await pool.store.by_ids(
        recorded.event.conversation_id for recorded in events if recorded.event.conversation_id
    )


async def messages(pool: PoolContext, conversation_id: str, size: int, token: str) -> MessagePage:
    """Oldest first, after the message `token`. Raises ConversationNotFound."""
    conversation = await pool.get(conversation_id)
    page = await pool.event_log.messages(conversation_id, token, size)
    next_token = page.message_ids[-1] if page.has_more else ""
    return MessagePage(conversation, await pool.outbox.messages(page.message_ids), next_token)


async def message(pool: PoolContext, message_id: str) -> Message:
    """One message. Raises MessageNotFound, also if its conversation is not kept any more."""
    for record in await pool.outbox.messages([message_id]):
        if not record.conversation_id:
            return Message(record, None)
        if conversation := await pool.store.get(record.conversation_id):
            return Message(record, conversation)
    raise MessageNotFound(message_id)


def _paginate(
    stored: Sequence[Conversation], wanted: ConversationFilter, size: int, token: str
) -> ConversationPage:
    matching = [
        conversation
        for conversation in stored
        if (not token or conversation.conversation_id < token) and wanted.matches(conversation)
    ]
    page = matching[:size]
    return ConversationPage(page, page[-1].conversation_id if len(matching) > size else "")
