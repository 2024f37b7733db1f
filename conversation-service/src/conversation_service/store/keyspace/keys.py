"""The Redis keys of a pool. Each docstring begins with the key's type."""

import re
from dataclasses import dataclass
from typing import NamedTuple

# With a version. Kinds of one letter are those of which a message or a person has one.
PREFIX = "ml1"

# The pattern by which SCAN finds all keys.
EVERY_KEY = f"{PREFIX}:{{*"

_PARTS = re.compile(rf"{PREFIX}:\{{(?P<pool>[^}}]*)\}}:(?P<kind>[^:]*)(:.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key of one pool. The braces keep a pool in one slot of a Redis Cluster."""

    pool: str

    @property
    def settings(self) -> str:
        """string: version, a line break, settings and numbers (encrypted)."""
        return self._key("settings")

    @property
    def version(self) -> str:
        """string: the version of the settings alone, for each load and commit."""
        return self._key("version")

    @property
    def conversation_prefix(self) -> str:
        """Scripts append an id to it that they have just read, or that an event names."""
        return self._key("conversation:")

    def conversation(self, conversation_id: str) -> str:
        """string: etag, a line break, body (encrypted). A hash would take 180 bytes more."""
        return self.conversation_prefix + conversation_id

    def route(self, route: str) -> str:
        """string: id of the live conversation on a route (hashed), or of the cooling one."""
        return self._key(f"r:{route}")

    def carrier_block(self, route: str) -> str:
        """string: that the carrier delivers nothing on a route (hashed); expires."""
        return self._key(f"carrier-block:{route}")

    def code(self, code: str) -> str:
        """string: id of the conversation that a live join code (hashed) leads to."""
        return self._key(f"code:{code}")

    def name(self, unique_name: str) -> str:
        """string: id of the live conversation with a unique name (hashed)."""
        return self._key(f"name:{unique_name}")

    def name_history(self, unique_name: str) -> str:
        """zset: ended conversations with a unique name (hashed), scored as `history`."""
        return self._key(f"name-history:{unique_name}")

    def sender_limits(self, participant_id: str) -> str:
        """string: rate limits of a participant, as counts and times."""
        return self._key(f"l:{participant_id}")

    def person_changed(self, person_id: str) -> str:
        """string: what all pools share about a person may have changed; expires."""
        return self._key(f"person-changed:{person_id}")

    def introduced(self, participant_id: str) -> str:
        """string: that a participant was told who texts and how to opt out; expires."""
        return self._key(f"introduced:{participant_id}")

    def code_attempts(self, number: str) -> str:
        """string: wrong codes on a masked number (hashed): count and time."""
        return self._key(f"code-attempts:{number}")

    def block(self, block_id: str) -> str:
        """string: participant ids of who blocked and was blocked, when (ms)."""
        return self._key(f"block:{block_id}")

    def block_conversation(self, block_id: str) -> str:
        """string: id of the conversation that a block ended; expires."""
        return self._key(f"block-conversation:{block_id}")

    def blocks(self, participant_id: str) -> str:
        """hash: count of blocks between a participant and each other one, by participant id."""
        return self._key(f"blocks:{participant_id}")

    def endings(self, participant_id: str) -> str:
        """zset: with whom a participant had a conversation that either ended, and when (ms)."""
        return self._key(f"endings:{participant_id}")

    def block_list(self, participant_id: str = "") -> str:
        """zset: ids of blocks, of a participant or of all, all with score 0: ids sort by time."""
        return self._key(f"block-list:{participant_id}" if participant_id else "block-list")

    def last_number(self, pair: str) -> str:
        """string: hash of the masked number that a pair (hashed) used last."""
        return self._key(f"last-number:{pair}")

    def held(self, conversation_id: str) -> str:
        """list: messages that a paused conversation holds (encrypted), oldest first."""
        return self._key(f"held:{conversation_id}")

    def data_keys(self, conversation_id: str) -> str:
        """list: data keys of an ended conversation (encrypted); expires."""
        return self._key(f"data-keys:{conversation_id}")

    @property
    def timeline_prefix(self) -> str:
        """Scripts append a conversation id to it, which they read from a message."""
        return self._key("timeline:")

    def timeline(self, conversation_id: str) -> str:
        """list: ids of a conversation's events without their hyphen, oldest first."""
        return self.timeline_prefix + conversation_id

    def history(self, participant_id: str) -> str:
        """zset: ended conversations of a participant, scored with when they are purged (ms)."""
        return self._key(f"history:{participant_id}")

    @property
    def idempotency_prefix(self) -> str:
        """purge.lua appends hashes to it, which it reads from a list of responses."""
        return self._key("i:")

    def idempotency(self, command: str) -> str:
        """string: of a command (hashed): fingerprint, line break, encrypted response."""
        return self.idempotency_prefix + command

    def responses(self, conversation_id: str) -> str:
        """zset: commands (hashed) whose responses contain a conversation, scored with their end."""
        return self._key(f"responses:{conversation_id}")

    def duplicates(self, command: str) -> str:
        """counter: how often a command (hashed) came again."""
        return self._key(f"duplicates:{command}")

    @property
    def message_prefix(self) -> str:
        """purge.lua appends message ids to it, which it reads from events."""
        return self._key("m:")

    def message(self, message_id: str) -> str:
        """string: state, times, recipient, conversation, content and detail of a message."""
        return self.message_prefix + message_id

    @property
    def outbox(self) -> str:
        """stream: messages to be sent, in the order in which they were accepted."""
        return self._key("outbox")

    @property
    def dead(self) -> str:
        """stream: dead letters: outbox entries that could not be processed, and the reason."""
        return self._key("dead")

    @property
    def dead_rewritten(self) -> str:
        """stream: the dead letters while a script rewrites them; never there otherwise."""
        return self._key("dead-rewritten")

    def dead_letter_request(self, request: str) -> str:
        """string: message of a request (hashed); or fingerprint, token and ids of its choice."""
        return self._key(f"dead-letter-request:{request}")

    @property
    def events(self) -> str:
        """stream: events in order; without phone numbers and bodies."""
        return self._key("events")

    @property
    def events_trimmed(self) -> str:
        """string: id of the newest event that has been removed."""
        return self._key("events-trimmed")

    @property
    def deadlines(self) -> str:
        """zset: conversation id, scored with when time changes it (ms)."""
        return self._key("deadlines")

    def conversations(self, state: str, number: str = "") -> str:
        """zset: ids of those in a state, of all or on a number (hashed), with score 0: by time."""
        return self._key(f"conversations:{state}:{number}" if number else f"conversations:{state}")

    @property
    def live_by_number(self) -> str:
        """hash: count of live conversations by masked number (hashed)."""
        return self._key("live-by-number")

    @property
    def live_by_person(self) -> str:
        """hash: count of live conversations by participant id."""
        return self._key("live-by-person")

    @property
    def samples(self) -> str:
        """zset: usage at an hour: "hour live max", scored with the hour (ms)."""
        return self._key("samples")

    @property
    def lease(self) -> str:
        """string: fencing token of the replica that dispatches this pool's messages."""
        return self._key("lease")

    @property
    def fence(self) -> str:
        """counter: the last fencing token."""
        return self._key("fence")

    def _key(self, rest: str) -> str:
        return f"{PREFIX}:{{{self.pool}}}:{rest}"


class KeyParts(NamedTuple):
    """The pool and the kind of a key."""

    pool: str
    kind: str


def parse_key(key: str) -> KeyParts:
    """The parts of a key; both are empty for a key that is not spelled here."""
    parts = _PARTS.fullmatch(key)
    return KeyParts(parts["pool"], parts["kind"]) if parts else KeyParts("", "")
