"""purge.lua: the calls that remove an ended conversation, and where it is listed."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.store.encryption.blind_index import BlindIndexKeys
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import to_ms
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Argument

# Events that one call erases: it keeps Redis busy for some milliseconds.
ERASED_AT_ONCE = 1000

# The keys and arguments of purge.lua.
PurgeCall = tuple[Sequence[str], Sequence[Argument]]


def purge_call(keys: Keys, conversation_id: str, listings: Sequence[str]) -> PurgeCall:
    """Removes a conversation that was kept long enough, or whose record has expired."""
    own = _keys(keys, conversation_id)
    return (*own, *listings), (conversation_id, "", *_prefixes(keys), "", 0, 0)


def erase_call(storage: PoolStorage, ended: Conversation, now: datetime) -> PurgeCall:
    """Removes an ended conversation with all its traces, unless it has changed since."""
    keys, conversation_id = storage.keys, ended.conversation_id
    histories = [keys.history(person.participant_id) for person in ended.participants]
    if ended.unique_name:
        histories.append(storage.index.name_history(ended.unique_name))
    listings = listings_of(storage.index, (ended.masked_number,))
    arguments = (
        conversation_id,
        ended.etag,
        *_prefixes(keys),
        "traces",
        to_ms(now),
        ERASED_AT_ONCE,
    )
    return (*_keys(keys, conversation_id), *listings, *histories), arguments


def _keys(keys: Keys, name: str) -> tuple[str, ...]:
    own = (keys.conversation(name), keys.timeline(name), keys.responses(name))
    return (*own, keys.deadlines, keys.events)


def listings_of(
    index: BlindIndexKeys, numbers: Iterable[str], states: Iterable[State] = (State.ENDED,)
) -> list[str]:
    """Where a conversation on one of these numbers, in one of these states, is listed."""
    return [index.conversations(number, state) for number in ("", *numbers) for state in states]


def _prefixes(keys: Keys) -> tuple[str, str]:
    return keys.idempotency_prefix, keys.message_prefix
