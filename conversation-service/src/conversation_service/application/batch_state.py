"""What is known while a batch is decided: later items see the outcomes of earlier ones."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from conversation_service.application.ids import IdGenerator
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import NEVER, SenderLimits, WindowCounter
from conversation_service.store.conversations.types import Loaded


class BatchState:
    """The loaded state of a batch, moved on by each change that is decided in it."""

    def __init__(
        self,
        lookups: Sequence[ReadSet],
        found: Sequence[Loaded],
        opt_outs: Mapping[Person, OptOut],
    ) -> None:
        self._conversations: dict[str, Conversation] = {}
        self._lines: dict[Route, str] = {}
        self._codes: dict[str, str] = {}
        self._named: dict[str, str] = {}
        self._conducts: dict[Person, SenderLimits] = {}
        self._blocked: dict[Person, frozenset[str]] = {}
        self._tries: dict[str, WindowCounter] = {}
        self._held: dict[str, tuple[HeldMessage, ...]] = {}
        self._loads: dict[str, int] = {}
        self._opt_outs = dict(opt_outs)
        for lookup, loaded in zip(lookups, found, strict=True):
            self._add(lookup, loaded)

    def expired(self, now: datetime) -> list[Conversation]:
        """The conversations that are live only because nobody has ended them yet."""
        return [one for one in self._conversations.values() if one.has_expired(now)]

    def facts(
        self, lookup: ReadSet, loaded: Loaded, pool: Pool, now: datetime, fresh: IdGenerator
    ) -> Snapshot:
        """What one intent's decision may depend on, as of now in this batch."""
        blocks_of = lookup.blocks_of
        return Snapshot(
            pool=pool,
            now=now,
            change_id=fresh.change_id(now),
            fresh_code=fresh.code() if lookup.needs_code else "",
            lines={line: one for line in lookup.lines if (one := self._on(line))},
            current_conversation_ids={line: self._lines.get(line, "") for line in lookup.lines},
            invitation=self._invitation(lookup.code),
            conversation=self._conversations.get(lookup.conversation_id),
            named=self._live_named(lookup.unique_name),
            sender_limits={one: self._conducts.get(one, SenderLimits()) for one in lookup.people},
            blocks={blocks_of: self._blocked[blocks_of]} if blocks_of else {},
            tries=self._tries.get(lookup.tries_on, NEVER),
            opt_outs={one: self._opt_outs[one] for one in lookup.people if one in self._opt_outs},
            last_number=loaded.last_number,
            held=self._held.get(lookup.held_in, ()),
            loads=self._loads,
        )

    def apply(self, change: Change, intent_id: str, now: datetime) -> None:
        """Moves on, as if the change were committed: if it is not, neither is what builds on it."""
        if change.after:
            self._count(change.before, change.after)
            self._remember(change.after)
            for claim in change.claims:
                self._lines[claim.line] = change.after.conversation_id
            self._hold(change.after, change.held)
        if change.conduct:
            self._conducts[change.conduct.person] = change.conduct.after
        if change.tries:
            self._tries[change.tries.masked_number] = change.tries.after
        if change.blocks:
            self._block(*change.blocks)
        if change.wish and change.wish.opts_in:
            self._opt_outs.pop(change.wish.person, None)
        elif change.wish:
            opt_out = OptOut(now, OptOutSource.TEXT, intent_id)
            self._opt_outs.setdefault(change.wish.person, opt_out)

    def _add(self, lookup: ReadSet, loaded: Loaded) -> None:
        self._remember_all(loaded.lines.values())
        self._lines |= loaded.current_conversation_ids
        pointed = (loaded.invitation, loaded.conversation, loaded.named)
        self._remember_all(one for one in pointed if one)
        self._conducts |= loaded.sender_limits
        self._loads |= loaded.loads
        if lookup.blocks_of:
            self._blocked[lookup.blocks_of] = loaded.blocked
        if lookup.tries_on:
            self._tries[lookup.tries_on] = loaded.tries
        if lookup.held_in:
            self._held[lookup.held_in] = loaded.held

    def _remember_all(self, conversations: Iterable[Conversation]) -> None:
        for conversation in conversations:
            self._remember(conversation)

    def _remember(self, conversation: Conversation) -> None:
        name = conversation.conversation_id
        self._conversations[name] = conversation
        self._codes[conversation.code] = name
        if conversation.is_live or self._live_named(conversation.unique_name) is None:
            self._named[conversation.unique_name] = name
        if conversation.is_live:
            for person in conversation.participants:
                self._lines[Route(conversation.masked_number, person)] = name

    def _on(self, line: Route) -> Conversation | None:
        return self._conversations.get(self._lines.get(line, ""))

    def _invitation(self, code: str) -> Conversation | None:
        found = self._conversations.get(self._codes.get(code, "")) if code else None
        return found if found and found.state is State.WAITING else None

    def _live_named(self, unique_name: str) -> Conversation | None:
        found = self._conversations.get(self._named.get(unique_name, "")) if unique_name else None
        return found if found and found.is_live else None

    def _block(self, one: Person, other: Person) -> None:
        for person, blocked in ((one, other), (other, one)):
            known = self._blocked.get(person, frozenset())
            self._blocked[person] = known | {blocked.participant_id}

    def _hold(self, after: Conversation, held: tuple[HeldMessage, ...]) -> None:
        name = after.conversation_id
        if name in self._held:
            self._held[name] = (*self._held[name], *held) if any(after.held) else ()

    def _count(self, before: Conversation | None, after: Conversation) -> None:
        was_live = before is not None and before.is_live
        change = int(after.is_live) - int(was_live)
        self._loads[after.masked_number] = self._loads.get(after.masked_number, 0) + change
