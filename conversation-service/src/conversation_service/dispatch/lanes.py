"""Which text may go next: one recipient's in order, different recipients side by side."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from conversation_service.store.outbox import OwedText

# A masked number and who it texts: the order of these texts is promised.
LaneName = tuple[str, str]


class Lanes:
    """The texts that were read and are not settled, a queue for each recipient."""

    def __init__(self) -> None:
        self._waiting: dict[LaneName, deque[OwedText]] = {}
        self._busy: set[LaneName] = set()
        self._paused: dict[LaneName, datetime] = {}
        self._entries: set[str] = set()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, texts: Iterable[OwedText]) -> None:
        """Puts texts behind those accepted before them; what is here already stays where it is."""
        for text in texts:
            if text.entry_id in self._entries:
                continue
            self._entries.add(text.entry_id)
            self._waiting.setdefault(lane_of(text), deque()).append(text)

    def take(self, limit: int, now: datetime) -> list[OwedText]:
        """The first text of each free lane, at most `limit` in all; these lanes are busy then."""
        free = (lane for lane in self._waiting if self._is_free(lane, now))
        taken = list(islice(free, limit))
        self._busy.update(taken)
        return [self._waiting[lane][0] for lane in taken]

    def done(self, text: OwedText) -> None:
        """A text is answered for: the next one of its lane may go."""
        lane = lane_of(text)
        queue = self._waiting[lane]
        self._entries.discard(queue.popleft().entry_id)
        self._free(lane)
        if not queue:
            del self._waiting[lane]

    def pause(self, text: OwedText, until: datetime) -> None:
        """A text was not sent: it stays first in its lane and goes again after a while."""
        lane = lane_of(text)
        self._free(lane)
        self._paused[lane] = until

    def next_try(self) -> datetime | None:
        """When the first paused lane is free again."""
        return min(self._paused.values(), default=None)

    def _is_free(self, lane: LaneName, now: datetime) -> bool:
        return lane not in self._busy and self._paused.get(lane, now) <= now

    def _free(self, lane: LaneName) -> None:
        self._busy.discard(lane)
        self._paused.pop(lane, None)


def lane_of(text: OwedText) -> LaneName:
    """The lane a text goes in."""
    return text.envelope.from_number, text.envelope.to_number
