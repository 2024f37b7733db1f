"""The only place that spells a Redis key."""

import re
from dataclasses import dataclass
from typing import NamedTuple

VERSION = "v1"

# What SCAN finds all of them by.
EVERY_KEY = f"maskline:{VERSION}:{{*"

_PARTS = re.compile(rf"maskline:{VERSION}:\{{(?P<pool>[^}}]*)\}}:(?P<kind>[^:]*)(:.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key of one pool. The braces keep a pool in one slot of a Redis Cluster."""

    pool: str

    @property
    def settings(self) -> str:
        """string: version, a line break, settings and numbers (sealed)."""
        return self._key("settings")

    @property
    def version(self) -> str:
        """string: the version of the settings once more: every load and commit reads it."""
        return self._key("version")

    @property
    def conversation_prefix(self) -> str:
        """Scripts put an id behind it that they have just read, or that an event names."""
        return self._key("conversation:")

    def conversation(self, conversation_id: str) -> str:
        """string: etag, a line break, body (sealed). A hash would take 180 bytes more."""
        return self.conversation_prefix + conversation_id

    def route(self, line: str) -> str:
        """string: the id of what is on a line, by the line's hash: live, or ended and cooling."""
        return self._key(f"route:{line}")

    def code(self, code: str) -> str:
        """string: the id of the conversation that a live code leads to, by the code's hash."""
        return self._key(f"code:{code}")

    def name(self, name: str) -> str:
        """string: the id of the live conversation with a unique name, by the name's hash."""
        return self._key(f"name:{name}")

    def conduct(self, participant_id: str) -> str:
        """string: what a participant has lately done, as counts and times."""
        return self._key(f"conduct:{participant_id}")

    def tries(self, number: str) -> str:
        """string: wrong codes on a masked number, by the number's hash: count and time."""
        return self._key(f"tries:{number}")

    def blocks(self, participant_id: str) -> str:
        """set: the participant ids that a participant must not meet."""
        return self._key(f"blocks:{participant_id}")

    def last_number(self, pair: str) -> str:
        """string: the hash of the masked number that a pair used last, by the pair's hash."""
        return self._key(f"last-number:{pair}")

    def held(self, conversation_id: str) -> str:
        """list: texts that a paused conversation holds (sealed), oldest first."""
        return self._key(f"held:{conversation_id}")

    def text_secrets(self, conversation_id: str) -> str:
        """list: the secrets of words of a conversation that has ended (sealed); expires."""
        return self._key(f"text-secrets:{conversation_id}")

    @property
    def timeline_prefix(self) -> str:
        """Scripts put a conversation's id behind it, which they read from a message."""
        return self._key("timeline:")

    def timeline(self, conversation_id: str) -> str:
        """list: the ids of a conversation's events without their hyphen, oldest first."""
        return self.timeline_prefix + conversation_id

    def history(self, participant_id: str) -> str:
        """zset: a participant's ended conversations, scored with when they are forgotten (ms)."""
        return self._key(f"history:{participant_id}")

    @property
    def receipt_prefix(self) -> str:
        """forget.lua puts hashes behind it, which it reads from a list of answers."""
        return self._key("receipt:")

    def receipt(self, intent: str) -> str:
        """string: fingerprint, a line break, answer (sealed), by the hash of the intent's name.

        There is no answer where what it held is forgotten.
        """
        return self.receipt_prefix + intent

    def answers(self, conversation_id: str) -> str:
        """zset: hashes of intents whose answers hold a conversation, scored with their end (ms)."""
        return self._key(f"answers:{conversation_id}")

    def repeats(self, intent: str) -> str:
        """counter: how often an intent was named again, by the hash of its name."""
        return self._key(f"repeats:{intent}")

    @property
    def message_prefix(self) -> str:
        """forget.lua puts message ids behind it, which it reads from events."""
        return self._key("message:")

    def message(self, message_id: str) -> str:
        """hash: state, rank, times, conversation, recipient, talk of an outbound text."""
        return self.message_prefix + message_id

    @property
    def outbox(self) -> str:
        """stream: texts to be sent, in the order in which they were accepted."""
        return self._key("outbox")

    @property
    def dead(self) -> str:
        """stream: texts that could not be processed, as the outbox had them, and why."""
        return self._key("dead")

    @property
    def dead_written(self) -> str:
        """stream: the dead letters while a script writes them again; never there otherwise."""
        return self._key("dead-written")

    def dead_receipt(self, intent: str) -> str:
        """string: the id of the text that an intent about a dead letter was carried out on."""
        return self._key(f"dead-receipt:{intent}")

    @property
    def events(self) -> str:
        """stream: what happened, in order; without numbers and words."""
        return self._key("events")

    @property
    def events_floor(self) -> str:
        """string: the id of the newest event that has been forgotten."""
        return self._key("events-floor")

    @property
    def deadlines(self) -> str:
        """zset: conversation id, scored with when time changes it (ms)."""
        return self._key("deadlines")

    @property
    def conversations(self) -> str:
        """zset: every conversation id that is kept, all with score 0: ids sort by time."""
        return self._key("conversations")

    @property
    def loads(self) -> str:
        """hash: how many live conversations a masked number has, by the number's hash."""
        return self._key("loads")

    @property
    def holders(self) -> str:
        """hash: how many live conversations a participant holds, by the participant's id."""
        return self._key("holders")

    @property
    def samples(self) -> str:
        """zset: the load at an hour: "hour live most", scored with the hour (ms)."""
        return self._key("samples")

    @property
    def lease(self) -> str:
        """string: the token of the replica that sends this pool's texts."""
        return self._key("lease")

    @property
    def fence(self) -> str:
        """counter: the last lease token handed out."""
        return self._key("fence")

    def _key(self, rest: str) -> str:
        return f"maskline:{VERSION}:{{{self.pool}}}:{rest}"


@dataclass(frozen=True, slots=True)
class DeploymentKeys:
    """Keys of what all pools share. No pool can have a slash in its name."""

    @property
    def pools(self) -> str:
        """set: the names of all pools."""
        return self._key("pools")

    @property
    def numbers(self) -> str:
        """hash: the pool that owns a masked number, by the number's hash."""
        return self._key("numbers")

    @property
    def blinding_key(self) -> str:
        """string: the key under which names are hashed (sealed)."""
        return self._key("blinding-key")

    def opt_out(self, person_id: str) -> str:
        """string: when, how and by which intent a person opted out."""
        return self._key(f"opt-out:{person_id}")

    def erasure(self, erasure_id: str) -> str:
        """string: when a person was erased, and how much was removed; not who."""
        return self._key(f"erasure:{erasure_id}")

    @property
    def recovery(self) -> str:
        """hash: since when lost texts are looked for, and when they were last (ms)."""
        return self._key("recovery")

    @property
    def recovery_lease(self) -> str:
        """string: the token of the replica that looks for lost texts just now."""
        return self._key("recovery-lease")

    @property
    def recovery_fence(self) -> str:
        """counter: the last token of that lease."""
        return self._key("recovery-fence")

    def _key(self, rest: str) -> str:
        return f"maskline:{VERSION}:{{deployment/}}:{rest}"


class KeyParts(NamedTuple):
    """What a key says: whose it is, and of what kind."""

    pool: str
    kind: str


def parse_key(key: str) -> KeyParts:
    """Takes a key apart; what is not spelled here is of no pool and no kind."""
    found = _PARTS.fullmatch(key)
    return KeyParts(found["pool"], found["kind"]) if found else KeyParts("", "")
