"""The blocks of one pool: what a change writes of them, and pages of them."""

from collections.abc import Iterable, Sequence
from typing import cast

from conversation_service.domain.model.participants import Block
from conversation_service.store.conversations.commit_writes import CommitWrites
from conversation_service.store.conversations.types import Commit
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.records.blocks import decode_block, encode_block
from conversation_service.store.storage import PoolStorage


class BlockList:
    """Reads the blocks of one pool."""

    def __init__(self, storage: PoolStorage) -> None:
        self._redis = storage.redis
        self._keys = storage.keys

    async def page(self, size: int, after: str, participant_id: str = "") -> list[Block]:
        """Oldest first, from behind the id `after` if it is not empty; of one person or of all."""
        oldest = f"({after}" if after else "-"
        key = self._keys.block_list(participant_id)
        ids = cast(
            "list[bytes]",
            await self._redis.zrange(key, oldest, "+", bylex=True, offset=0, num=size),
        )
        if not ids:
            return []
        names = [block_id.decode() for block_id in ids]
        records = await self._values(map(self._keys.block, names))
        conversations = await self._values(map(self._keys.block_conversation, names))
        stored = zip(names, records, conversations, strict=True)
        # One may have been deleted meanwhile.
        return [
            decode_block(block_id, record, (conversation_id or b"").decode())
            for block_id, record, conversation_id in stored
            if record
        ]

    async def _values(self, keys: Iterable[str]) -> Sequence[bytes | None]:
        return cast("Sequence[bytes | None]", await self._redis.mget([*keys]))


def write_blocks(writes: CommitWrites, keys: Keys, commit: Commit) -> None:
    """Adds the checks and writes of the blocks that a change makes, deletes or forbids."""
    change = commit.change
    if (block := change.new_block) is not None:
        writes.set(keys.block(block.block_id), encode_block(block).encode())
        # Nothing names a conversation for longer than it is kept.
        kept, conversation = (
            commit.pool.settings.retention.conversations,
            block.conversation_id.encode(),
        )
        writes.set(keys.block_conversation(block.block_id), conversation, kept)
        for key in _lists(keys, block):
            writes.add("ZADD", key, 0, block.block_id)
        _count(writes, keys, block, 1)
    if (block := change.deleted_block) is not None:
        key = keys.block(block.block_id)
        writes.expect(key, encode_block(block))
        writes.add("DEL", key)
        writes.add("DEL", keys.block_conversation(block.block_id))
        for listing in _lists(keys, block):
            writes.add("ZREM", listing, block.block_id)
        _count(writes, keys, block, -1)
    if change.requires_unblocked is not None:
        first, second = change.requires_unblocked
        writes.expect_unset(keys.blocks(first.participant_id), second.participant_id)


def _lists(keys: Keys, block: Block) -> list[str]:
    return [keys.block_list(participant_id) for participant_id in ("", *block.participant_ids)]


def _count(writes: CommitWrites, keys: Keys, block: Block, change: int) -> None:
    first, second = block.participant_ids
    writes.add("TALLY", keys.blocks(first), second, change)
    writes.add("TALLY", keys.blocks(second), first, change)
