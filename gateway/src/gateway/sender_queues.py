"""Queues of senders whose messages take long to be received."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from maskline.ingest.v1 import ingest_pb2

# The words of a text part take some tenths of a second to fetch. More of one sender's messages
# would wait longer than a callback may.
MESSAGES_LIMIT = 8

# Each has one call in progress: an eighth of what a server accepts.
SENDERS_LIMIT = 128


def has_text_part(message: ingest_pb2.InboundMessage) -> bool:
    """Whether some of its words are in a file: they are fetched before it is decided."""
    types = (file.content_type.partition(";")[0] for file in message.attachments if file.url)
    return any(content_type.strip().lower() == "text/plain" for content_type in types)


class QueuesFull(Exception):
    """The message should come again later."""


class SenderQueues:
    """One message at a time for each sender, in the order of arrival."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._counts: Counter[str] = Counter()

    def has(self, sender: str) -> bool:
        """Whether a message of the sender is in its queue."""
        return sender in self._locks

    @asynccontextmanager
    async def turn(self, sender: str) -> AsyncIterator[None]:
        """Waits for the sender's earlier messages. Raises QueuesFull."""
        is_full = not self.has(sender) and len(self._locks) >= SENDERS_LIMIT
        if is_full or self._counts[sender] >= MESSAGES_LIMIT:
            raise QueuesFull
        lock = self._locks.setdefault(sender, asyncio.Lock())
        self._counts[sender] += 1
        try:
            async with lock:
                yield
        finally:
            self._counts[sender] -= 1
            if not self._counts[sender]:
                del self._counts[sender], self._locks[sender]
