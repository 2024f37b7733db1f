"""The only place that spells a Redis key."""

from dataclasses import dataclass

VERSION = "v1"


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key of one pool. The braces keep a pool in one slot of a Redis Cluster."""

    pool: str

    @property
    def conversation_prefix(self) -> str:
        """load.lua puts an id it has just read behind it, to save a round trip."""
        return self._key("conversation:")

    def conversation(self, conversation_id: str) -> str:
        """string: etag, a line break, body (sealed). A hash would take 180 bytes more."""
        return self.conversation_prefix + conversation_id

    def route(self, line: str) -> str:
        """string: the id of the live conversation of a line, by the line's hash."""
        return self._key(f"route:{line}")

    def code(self, code: str) -> str:
        """string: the id of the conversation that a live code leads to, by the code's hash."""
        return self._key(f"code:{code}")

    def silence(self, line: str) -> str:
        """string: present while strangers on a line get no answer."""
        return self._key(f"silence:{line}")

    def receipt(self, intent: str) -> str:
        """string: fingerprint, a line break, answer (sealed), by the hash of the intent's name."""
        return self._key(f"receipt:{intent}")

    def message(self, message_id: str) -> str:
        """hash: state, rank, times of an outbound text."""
        return self._key(f"message:{message_id}")

    @property
    def outbox(self) -> str:
        """stream: texts to be sent, in the order in which they were accepted."""
        return self._key("outbox")

    @property
    def deadlines(self) -> str:
        """zset: conversation id, scored with when time changes it (ms)."""
        return self._key("deadlines")

    @property
    def conversations(self) -> str:
        """zset: every conversation id that is kept, all with score 0: ids sort by time."""
        return self._key("conversations")

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
