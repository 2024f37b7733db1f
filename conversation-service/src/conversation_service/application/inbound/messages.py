"""Inbound messages, in batches that may concern several pools."""

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
    FieldViolation,
    InvalidArgument,
    MaskedNumberNotFound,
)
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.store.encryption.blind_index import PersonIds

# A text of one of our own numbers would be answered and relayed in circles.
SENDER_IS_MASKED = InvalidArgument([FieldViolation("from_number", "is a masked number")])


class InboundHandler:
    """Runs each message in the pool that owns its masked number, then the follow-ups."""

    def __init__(
        self,
        directory: PoolDirectory,
        people: PersonIds,
        opt_outs: OptOuts,
        erasure: ErasureService,
    ) -> None:
        self._directory = directory
        self._people = people
        self._opt_outs = opt_outs
        self._erasure = erasure

    async def handle(self, messages: Sequence[InboundMessage]) -> list[ExecutionResult]:
        """Returns one result for each message, in the same order."""
        masked = await self._directory.masked_among(message.from_number for message in messages)
        refused = {
            index: SENDER_IS_MASKED
            for index, message in enumerate(messages)
            if message.from_number in masked or message.from_number == message.to_number
        }
        accepted = {
            index: message for index, message in enumerate(messages) if index not in refused
        }
        results = refused | await self._handle_by_pool(accepted)
        unknown = {
            index: messages[index]
            for index, result in results.items()
            if isinstance(result, MaskedNumberNotFound)
        }
        for message in unknown.values():
            # The number may have moved to another pool since this replica looked it up.
            self._directory.invalidate_number(message.to_number)
        if unknown:
            results |= await self._handle_by_pool(unknown)
        return [results[index] for index in range(len(messages))]

    async def _handle_by_pool(
        self, messages: Mapping[int, InboundMessage]
    ) -> dict[int, ExecutionResult]:
        results: dict[int, ExecutionResult] = {}
        by_pool: dict[PoolContext, dict[int, ReceiveMessage]] = defaultdict(dict)
        for index, message in messages.items():
            try:
                pool = await self._directory.by_number(message.to_number)
            except MaskedNumberNotFound as refusal:
                results[index] = refusal
            else:
                by_pool[pool][index] = self._command(pool, message)
        for executed in await asyncio.gather(*map(self._run, by_pool, by_pool.values())):
            results |= executed
        return results

    async def _run(
        self, pool: PoolContext, commands: dict[int, ReceiveMessage]
    ) -> dict[int, ExecutionResult]:
        results = await pool.executor.run_all(list(commands.values()))
        followed_up = [
            await self._run_follow_ups(pool, command, result)
            for command, result in zip(commands.values(), results, strict=True)
        ]
        return dict(zip(commands, followed_up, strict=True))

    async def _run_follow_ups(
        self, pool: PoolContext, command: ReceiveMessage, result: ExecutionResult
    ) -> ExecutionResult:
        """What a message requests beyond its conversation is done before it is acknowledged."""
        if isinstance(result, ConversationError):
            return result
        try:
            await self._follow_up(pool, command, result)
        except ConversationError as refusal:
            return refusal
        return result

    async def _follow_up(
        self, pool: PoolContext, command: ReceiveMessage, result: Executed
    ) -> None:
        person_id = command.sender.person_id
        if result.response.erasure_id:
            # As it was decided then: the pool's settings may have changed since.
            await self._erasure.for_message(person_id, result.response.erasure_id)
        elif command.keyword(pool.pool.keywords).kind is Keyword.OPT_OUT:
            await self._end_everywhere(person_id, command.message.carrier_message_id)

    async def _end_everywhere(self, person_id: str, message_id: str) -> None:
        """Runs with each delivery of the message, so that a crash leaves nothing undone.

        Only while this opt-out is in force: an old message must not end new conversations.
        """
        if await self._opt_outs.is_caused_by(person_id, message_id):
            await self._opt_outs.end_all(person_id)

    def _command(self, pool: PoolContext, message: InboundMessage) -> ReceiveMessage:
        return ReceiveMessage(
            message=message,
            sender=self._people.person(pool.name, message.from_number),
            erasure_id=self._erasure.id_for_message(message.carrier_message_id),
        )


Item = TypeVar("Item")

Result = TypeVar("Result")


async def handle_valid(
    items: Sequence[Item | InvalidArgument],
    handle: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
) -> list[Result | InvalidArgument]:
    """Handles the valid items as one batch; the results are in the order of the items."""
    valid = [item for item in items if not isinstance(item, InvalidArgument)]
    results = iter(await handle(valid) if valid else ())
    return [item if isinstance(item, InvalidArgument) else next(results) for item in items]
