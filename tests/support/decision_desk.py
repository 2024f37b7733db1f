"""Batches of intents, decided as the executor does, and carried out on a store in memory."""

from collections.abc import Mapping, Sequence
from itertools import count

from conversation_service.application.batch_state import BatchState
from conversation_service.domain.commands.client.start import OpenConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import OptOut
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.domain.model.participants import Person
from conversation_service.store.conversations.types import Commit, Committed
from support.conversations import ALICE, BOB, MASKED, POOL, ScriptedFresh
from support.decisions import NOW, after
from support.memory_store import MemoryStore

Outcome = Change | ConversationError

ids = count()


def text(body: str, by: Person = BOB, on: str = MASKED) -> ReceiveMessage:
    """A text with an id of its own."""
    message = InboundMessage(f"mdr2-{next(ids)}", by.phone_number, on, body)
    return ReceiveMessage(message, by)


class Desk:
    """Decides batches on a store, and commits what was decided."""

    def __init__(self, *codes: str, opt_outs: Mapping[Person, OptOut] | None = None) -> None:
        self.store = MemoryStore(POOL)
        self.opt_outs = opt_outs or {}
        self._fresh = ScriptedFresh(*codes)

    async def decide(self, *intents: Command) -> Sequence[Outcome]:
        """Each on what came before it; nothing is written."""
        lookups = [intent.lookup(POOL) for intent in intents]
        receipts = [intent.receipt for intent in intents]
        found = (await self.store.load(list(zip(receipts, lookups, strict=True)), POOL)).found
        workspace = BatchState(lookups, found, self.opt_outs)
        outcomes: list[Outcome] = []
        for intent, lookup, loaded in zip(intents, lookups, found, strict=True):
            facts = workspace.facts(lookup, loaded, POOL, NOW, self._fresh)
            try:
                change = intent.decide(facts)
            except ConversationError as refusal:
                outcomes.append(refusal)
                continue
            workspace.apply(change, intent.receipt.request_id, NOW)
            outcomes.append(change)
        return outcomes

    async def carry_out(self, *intents: Command) -> list[Change]:
        """All of them in one batch, which is committed in one go."""
        changes = [one for one in await self.decide(*intents) if isinstance(one, Change)]
        assert len(changes) == len(intents)
        pairs = zip(intents, changes, strict=True)
        commits = [Commit(intent.receipt, change, NOW, POOL) for intent, change in pairs]
        assert await self.store.commit(commits) == [Committed()] * len(commits)
        return changes

    async def talking(self) -> Conversation:
        """Alice and Bob, on the first number."""
        [change] = await self.carry_out(OpenConversation(f"r{next(ids)}", (ALICE, BOB)))
        return after(change)
