"""Batches of commands, decided as the executor does, and committed to Redis."""

from collections.abc import Mapping, Sequence
from itertools import count

from redis.asyncio import Redis

from conversation_service.application.batch_state import BatchState
from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import OptOut
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.domain.model.participants import Person
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.people import PeopleStatus
from support.builders.conversations import ALICE, BOB, MASKED, POOL, ScriptedIds, pool_storage
from support.builders.decisions import NOW, after

Decision = Change | ConversationError

ids = count()


def text(body: str, by: Person = BOB, on: str = MASKED) -> ReceiveMessage:
    """A message with an id of its own."""
    return ReceiveMessage(InboundMessage(f"mdr2-{next(ids)}", by.phone_number, on, body), by)


class BatchHarness:
    """Decides batches, and commits what was decided."""

    def __init__(
        self, redis: Redis, *codes: str, opt_outs: Mapping[Person, OptOut] | None = None
    ) -> None:
        self._store = ConversationRepository(pool_storage(redis))
        self._redis = redis
        self._people = PeopleStatus(dict(opt_outs or {}), set())
        self._ids = ScriptedIds(*codes)

    async def decide(self, *commands: Command) -> Sequence[Decision]:
        """Each on the outcome of the earlier ones; nothing is written."""
        return [
            decision.change if isinstance(decision, Commit) else decision
            for decision in await self._decide(commands)
        ]

    async def execute(self, *commands: Command) -> list[Change]:
        """All of them in one batch, which is committed at once."""
        decisions = await self._decide(commands)
        commits = [decision for decision in decisions if isinstance(decision, Commit)]
        assert len(commits) == len(commands)
        assert await self._store.commit(commits) == [Committed()] * len(commits)
        return [commit.change for commit in commits]

    async def connected(self) -> Conversation:
        """Alice and Bob, on the first number."""
        [change] = await self.execute(CreateConversation(f"r{next(ids)}", (ALICE, BOB)))
        return after(change)

    async def _decide(self, commands: Sequence[Command]) -> list[Commit | ConversationError]:
        await self._redis.set(pool_storage(self._redis).keys.version, POOL.version)
        read_sets = [command.read_set(POOL) for command in commands]
        keys = [command.idempotency_key for command in commands]
        loaded = await self._store.load(list(zip(keys, read_sets, strict=True)), POOL, NOW)
        state = BatchState(POOL, NOW, self._ids, loaded.snapshots, self._people)
        pairs = zip(commands, read_sets, strict=True)
        return [state.decide(command, read_set) for command, read_set in pairs]
