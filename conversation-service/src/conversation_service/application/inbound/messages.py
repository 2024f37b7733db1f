"""Inbound texts, in batches that may concern several pools."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from conversation_service.application.erasure import ErasureService
from conversation_service.application.executor import Executed, ExecutionResult
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import (
    ConversationError,
    InvalidArgument,
    UnknownMaskedNumber,
)
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.store.encryption.blind_index import PersonIds


class InboundHandler:
    """Takes texts in for whichever pool owns their number."""

    def __init__(
        self,
        directory: PoolDirectory,
        people: PersonIds,
        opt_outs: OptOuts,
        erasures: ErasureService,
    ) -> None:
        self._directory = directory
        self._people = people
        self._opt_outs = opt_outs
        self._erasures = erasures

    async def receive(self, inbound: Sequence[InboundMessage]) -> list[ExecutionResult]:
        """Carries out each text in its number's pool; answers in the order given."""
        results = await self._carry_out(dict(enumerate(inbound)))
        moved = {at: inbound[at] for at, one in results.items() if _is_unknown_number(one)}
        for text in moved.values():
            # Its number may have gone to another pool since this replica looked.
            self._directory.invalidate_number(text.to_number)
        if moved:
            results |= await self._carry_out(moved)
        return [results[at] for at in range(len(inbound))]

    async def _carry_out(self, inbound: Mapping[int, InboundMessage]) -> dict[int, ExecutionResult]:
        results: dict[int, ExecutionResult] = {}
        by_pool: dict[PoolContext, dict[int, ReceiveMessage]] = defaultdict(dict)
        for at, text in inbound.items():
            try:
                pool = await self._directory.owner(text.to_number)
            except UnknownMaskedNumber as refusal:
                results[at] = refusal
            else:
                by_pool[pool][at] = self._intent(pool, text)
        for carried in await asyncio.gather(*(self._run(*one) for one in by_pool.items())):
            results |= carried
        return results

    async def _run(
        self, pool: PoolContext, intents: dict[int, ReceiveMessage]
    ) -> dict[int, ExecutionResult]:
        results = await pool.executor.run_all(list(intents.values()))
        followed = [
            await self._followed(pool, *one) for one in zip(intents.values(), results, strict=True)
        ]
        return dict(zip(intents, followed, strict=True))

    async def _followed(
        self, pool: PoolContext, intent: ReceiveMessage, result: ExecutionResult
    ) -> ExecutionResult:
        """Before a text is acknowledged, all that it asks for has been done."""
        if isinstance(result, ConversationError):
            return result
        try:
            await self._follow(pool, intent, result)
        except ConversationError as refusal:
            return refusal
        return result

    async def _follow(self, pool: PoolContext, intent: ReceiveMessage, carried: Executed) -> None:
        """What a text asks for beyond its own conversation."""
        if carried.answer.erasure_id:
            # As it was decided then: its pool may have come to allow it since, or to refuse it.
            person_id = intent.sender.person_id
            await self._erasures.on_text(person_id, carried.answer.erasure_id)
        elif intent.keyword(pool.pool.keywords).kind is Keyword.OPT_OUT:
            await self._end_elsewhere(intent)

    async def _end_elsewhere(self, intent: ReceiveMessage) -> None:
        """The text's repetition does again what a crash left undone.

        Only while the opt-out stands that this text told of; an old text ends nothing new.
        """
        person_id = intent.sender.person_id
        if await self._opt_outs.told_by(person_id, intent.message.carrier_message_id):
            await self._opt_outs.end_all(person_id)

    def _intent(self, pool: PoolContext, text: InboundMessage) -> ReceiveMessage:
        return ReceiveMessage(
            message=text,
            sender=self._people.person(pool.name, text.from_number),
            erasure_id=self._erasures.id_of_text(text.carrier_message_id),
        )


def _is_unknown_number(result: ExecutionResult) -> bool:
    return isinstance(result, UnknownMaskedNumber)


Item = TypeVar("Item")

Taken = TypeVar("Taken")


async def carry_out_valid(
    items: Sequence[Item | InvalidArgument],
    carry_out: Callable[[Sequence[Item]], Awaitable[Sequence[Taken]]],
) -> list[Taken | InvalidArgument]:
    """Carries out the well-formed items together; each item's answer is at its own place."""
    valid = [item for item in items if not isinstance(item, InvalidArgument)]
    results = iter(await carry_out(valid) if valid else ())
    return [item if isinstance(item, InvalidArgument) else next(results) for item in items]
