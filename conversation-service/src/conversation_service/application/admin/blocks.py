"""Blocks: list, delete."""

from collections.abc import Callable
from dataclasses import dataclass

from conversation_service.application.pools import PoolDirectory
from conversation_service.domain.commands.operator.blocks import DeleteBlock
from conversation_service.domain.model.participants import Block
from conversation_service.store.conversations.blocks import BlockList


@dataclass(frozen=True, slots=True)
class BlockPage:
    """A page of blocks; `next_token` is empty on the last one."""

    blocks: list[Block]
    next_token: str


class Blocks:
    """The blocks of all pools."""

    def __init__(self, directory: PoolDirectory, blocks_of: Callable[[str], BlockList]) -> None:
        """`blocks_of` returns the blocks of a pool by its name."""
        self._directory = directory
        self._blocks_of = blocks_of

    async def page(self, pool: str, participant_id: str, size: int, token: str) -> BlockPage:
        """Oldest first, after the id `token`; of one participant, or all. Raises PoolNotFound."""
        context = await self._directory.by_name(pool)
        blocks = await self._blocks_of(context.name).page(size + 1, token, participant_id)
        page = blocks[:size]
        return BlockPage(page, page[-1].block_id if len(blocks) > size else "")

    async def delete(self, pool: str, request_id: str, block_id: str) -> None:
        """Raises PoolNotFound, BlockNotFound, RequestIdReused, ConcurrentChange."""
        context = await self._directory.by_name(pool)
        await context.executor.run(DeleteBlock(request_id, block_id))
