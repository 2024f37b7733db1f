"""Inbound messages, in batches that may concern several pools."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from conversation_service.application.erasure import ErasureService
from conversation_service.application.executor import Executed, ExecutionResult
from conversation_service.application.inbound.text_parts import TextPartReader
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import (
    ConversationError,
    InvalidArgument,
    MaskedNumberNotFound,
)
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.domain.model.text_parts import without_text_parts
from conversation_service.store.encryption.blind_index import PersonIds


class InboundHandler:
    """Runs each message in the pool that owns its masked number, then the follow-ups."""

    def __init__(
        self,
        directory: PoolDirectory,
        people: PersonIds,
        opt_outs: OptOuts,
        erasure: ErasureService,
        text_parts: TextPartReader,
    ) -> None:
        self._directory = directory
        self._people = people
        self._opt_outs = opt_outs
        self._erasure = erasure
        self._text_parts = text_parts

    async def handle(self, messages: Sequence[InboundMessage]) -> list[ExecutionResult]:
        """Returns one result for each message, in the same order."""
        results = await self._handle_by_pool(dict(enumerate(messages)))
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
        refused = await self._complete_all(pool, commands)
        ready = {index: item for index, item in commands.items() if index not in refused}
        results = await pool.executor.run_all(list(ready.values())) if ready else ()
        followed_up = [
            await self._run_follow_ups(pool, command, result)
            for command, result in zip(ready.values(), results, strict=True)
        ]
        return refused | dict(zip(ready, followed_up, strict=True))

    async def _complete_all(
        self, pool: PoolContext, commands: dict[int, ReceiveMessage]
    ) -> dict[int, ExecutionResult]:
        """Replaces messages with text parts by complete ones; returns those that have to wait."""
        partial = {index: item for index, item in commands.items() if item.message.text_parts}
        completed = await asyncio.gather(*(self._complete(pool, item) for item in partial.values()))
        refused: dict[int, ExecutionResult] = {}
        for index, result in zip(partial, completed, strict=True):
            if isinstance(result, ConversationError):
                refused[index] = result
            else:
                commands[index] = result
        return refused

    async def _complete(
        self, pool: PoolContext, command: ReceiveMessage
    ) -> ReceiveMessage | ConversationError:
        """An opt-out counts whatever else its message says, so it waits for nothing."""
        message = command.message
        if await pool.executor.is_known(command):
            return command
        if command.keyword(pool.pool.keywords).kind is Keyword.OPT_OUT:
            return replace(command, message=without_text_parts(message))
        try:
            return replace(command, message=await self._text_parts.complete(message))
        except ConversationError as refusal:
            return refusal

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
        elif self._may_be_opt_out(pool, command):
            await self._end_everywhere(person_id, command.message.received_id)

    def _may_be_opt_out(self, pool: PoolContext, command: ReceiveMessage) -> bool:
        """The words of a message that was received before are not fetched again."""
        keyword = command.keyword(pool.pool.keywords)
        is_opt_out = keyword.kind is Keyword.OPT_OUT or keyword.requests_opt_out
        return is_opt_out or bool(command.message.text_parts)

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
            erasure_id=self._erasure.id_for_message(message.received_id),
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
