"""The state of a batch: later commands see the outcomes of earlier ones."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from conversation_service.application.ids import IdGenerator
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.core.contact_limits import parted
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import ConsentChange, OptOut, OptOutSource, cause_of
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.participants import Block, Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.store.conversations.recent_states import is_checked
from conversation_service.store.conversations.types import Commit, Duplicate
from conversation_service.store.event_log import DuplicateDelivery
from conversation_service.store.people import PeopleStatus


class BatchState:
    """The snapshots of all commands of a batch in one, updated with each decided change."""

    def __init__(
        self,
        pool: Pool,
        now: datetime,
        ids: IdGenerator,
        snapshots: Sequence[Snapshot],
        people: PeopleStatus,
    ) -> None:
        self._ids = ids
        self._state = Snapshot(pool, now, opt_outs=dict(people.opt_outs), masked=people.masked)
        for snapshot in snapshots:
            self._state.update(snapshot)

    def expired(self) -> list[Conversation]:
        """The conversations that are live only because nobody has ended them yet."""
        conversations = self._state.conversations.values()
        return [item for item in conversations if item.has_expired(self._state.now)]

    def subjects(self, read_set: ReadSet) -> frozenset[Hashable]:
        """The people and the conversations that a command is about."""
        state = self._state
        on_routes = map(state.current_conversation_id, read_set.routes)
        behind_code = state.codes.get(read_set.code, "")
        ids = (*on_routes, behind_code, read_set.conversation_id)
        return frozenset((*read_set.people, *filter(None, ids)))

    def decide(self, command: Command, read_set: ReadSet) -> Commit | ConversationError:
        """Decides the next command, and assumes that the change will be committed: if it is not,
        later changes that build on it are not either."""
        try:
            change = command.decide(self._snapshot(read_set))
        except ConversationError as refusal:
            return refusal
        return self._commit(command, change)

    def decide_recalled(self, command: Command, read_set: ReadSet) -> Commit | None:
        """As `decide` on a recalled state; None if the commit does not check all that matters."""
        try:
            change = command.decide(self._snapshot(read_set))
        except ConversationError:
            return None
        [sender] = read_set.people
        return self._commit(command, change, sender) if is_checked(change) else None

    def _snapshot(self, read_set: ReadSet) -> Snapshot:
        return replace(
            self._state,
            read_set=read_set,
            change_id=self._ids.change_id(self._state.now),
            new_code=self._ids.code() if read_set.needs_code else "",
        )

    def _commit(self, command: Command, change: Change, unasked: Person | None = None) -> Commit:
        state, key = self._state, command.idempotency_key
        self._apply(change, key.request_id)
        return Commit(key, change, state.now, state.pool, unasked)

    def _apply(self, change: Change, command_id: str) -> None:
        state = self._state
        if change.before and change.before.is_live:
            state.unique_names.pop(change.before.unique_name, None)
        if change.after:
            self._count(change.before, change.after)
            self._put(change.after)
            for claim in change.claims:
                state.current_conversation_ids[claim.route] = change.after.conversation_id
            self._hold(change.after, change.held)
            self._part(change.after)
        if change.sender_limits:
            state.sender_limits[change.sender_limits.person] = change.sender_limits.after
        for opening in change.openings:
            state.sender_limits[opening.person] = opening.after
        state.introductions.update(dict.fromkeys(change.introduced, True))
        if change.code_attempts:
            state.code_attempts[change.code_attempts.masked_number] = change.code_attempts.after
        if change.new_block:
            self._count_block(change.new_block, 1)
        if change.deleted_block:
            state.blocks.pop(change.deleted_block.block_id)
            self._count_block(change.deleted_block, -1)
        if block := change.carrier_block:
            state.carrier_blocks[block.route] = block.is_blocked
        if change.consent:
            self._consent(change.consent, command_id)

    def _put(self, conversation: Conversation) -> None:
        state, conversation_id = self._state, conversation.conversation_id
        state.conversations[conversation_id] = conversation
        if conversation.state is State.WAITING:
            state.codes[conversation.code] = conversation_id
        if conversation.is_live and conversation.unique_name:
            state.unique_names[conversation.unique_name] = conversation_id
        if conversation.is_live:
            for person in conversation.participants:
                route = Route(conversation.masked_number, person)
                state.current_conversation_ids[route] = conversation_id

    def _part(self, after: Conversation) -> None:
        """Of whom the batch has loaded no endings, no command of it asks for them."""
        for person, other in parted(after):
            theirs = self._state.endings.get(person.participant_id, {})
            ending = {other.participant_id: self._state.now}
            self._state.endings[person.participant_id] = {**theirs, **ending}

    def _consent(self, consent: ConsentChange, command_id: str) -> None:
        opt_outs = self._state.opt_outs
        if consent.opts_in:
            opt_outs.pop(consent.person, None)
        else:
            opt_out = OptOut(self._state.now, OptOutSource.TEXT, cause_of(command_id))
            opt_outs.setdefault(consent.person, opt_out)

    def _count_block(self, block: Block, change: int) -> None:
        """Of whom the batch has loaded no blocks, no command of it asks for them."""
        first, second = block.participant_ids
        for person, other in ((first, second), (second, first)):
            counts = Counter(self._state.block_counts.get(person, {}))
            counts[other] += change
            self._state.block_counts[person] = dict(+counts)

    def _hold(self, after: Conversation, messages: tuple[HeldMessage, ...]) -> None:
        held, conversation_id = self._state.held_messages, after.conversation_id
        if conversation_id in held:
            remaining = (*held[conversation_id], *messages)
            held[conversation_id] = remaining if any(after.held) else ()

    def _count(self, before: Conversation | None, after: Conversation) -> None:
        was_live = before is not None and before.is_live
        change = int(after.is_live) - int(was_live)
        counts, number = self._state.live_counts, after.masked_number
        counts[number] = counts.get(number, 0) + change


def duplicate_deliveries(
    commands: Iterable[Command], duplicates: Iterable[Duplicate | None]
) -> list[DuplicateDelivery]:
    """The callbacks that came again. The carrier's records contain every message, so messages
    found there do not count."""
    return [
        DuplicateDelivery(
            command.idempotency_key,
            duplicate.response.timeline_id,
            command.sender.participant_id,
            duplicate.response.message_id,
        )
        for command, duplicate in zip(commands, duplicates, strict=True)
        if isinstance(command, ReceiveMessage)
        and not command.message.is_recovered
        and duplicate is not None
        and (duplicate.response.timeline_id or duplicate.response.message_id)
    ]
