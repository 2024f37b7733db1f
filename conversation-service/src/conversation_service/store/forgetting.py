"""What forget.lua is given."""

from datetime import datetime

from conversation_service.domain.conversation import Conversation
from conversation_service.store.keys import Keys
from conversation_service.store.layout import Call
from conversation_service.store.times import to_ms


def forget_call(keys: Keys, conversation_id: str) -> Call:
    """An ended conversation has been kept long enough, or is gone by itself."""
    return _keys(keys, conversation_id), (conversation_id, "", *_prefixes(keys), "", 0)


def erase_call(keys: Keys, ended: Conversation, now: datetime) -> Call:
    """An ended conversation goes with all its traces, unless it has changed since."""
    name, people = ended.conversation_id, ended.participants
    histories = (keys.history(person.participant_id) for person in people)
    arguments = (name, ended.etag, *_prefixes(keys), "traces", to_ms(now))
    return (*_keys(keys, name), *histories), arguments


def _keys(keys: Keys, name: str) -> tuple[str, ...]:
    own = (keys.conversation(name), keys.timeline(name), keys.answers(name))
    return (*own, keys.deadlines, keys.conversations, keys.events)


def _prefixes(keys: Keys) -> tuple[str, str]:
    return keys.receipt_prefix, keys.message_prefix
