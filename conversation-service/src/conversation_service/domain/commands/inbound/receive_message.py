"""A person texts a masked number: the command table."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.commands.inbound.active import receive_from_active
from conversation_service.domain.commands.inbound.consent import (
    erase,
    opt_out,
    receive_from_opted_out,
)
from conversation_service.domain.commands.inbound.inbound_message import (
    ParsedMessage,
    effective_keyword,
    is_stale,
    reconciled_event,
    refuse_stale,
)
from conversation_service.domain.commands.inbound.stranger import receive_from_stranger
from conversation_service.domain.commands.inbound.waiting import receive_from_waiting
from conversation_service.domain.errors import UnknownMaskedNumber
from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import Keyword, parse
from conversation_service.domain.model.conversation import State
from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class ReceiveMessage:
    """One inbound text. Whatever it says has an outcome; refused is only a number of no pool."""

    carrier_message_id: str
    line: Route
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    carrier_time: datetime | None = None
    is_recovered: bool = False
    # How an erasure is called, should the text ask for one.
    erasure_id: str = ""

    @property
    def receipt(self) -> IdempotencyKey:
        """The carrier's id names the text, however often and by whichever way it is told of.

        Only what its callbacks and the carrier's records surely share is compared: a record may
        offer files at other addresses, or none.
        """
        fields = (self.line.masked_number, self.line.person.phone_number, self.body)
        return IdempotencyKey("text", self.carrier_message_id, fields)

    def lookup(self, pool: Pool) -> ReadSet:
        """The sender's conversation on this number, and the one that a code leads to."""
        command = parse(self.body, pool.words)
        person, is_join = self.line.person, command.kind is Keyword.JOIN
        return ReadSet(
            lines=(self.line,),
            code=codes.normalized(command.argument) if is_join else "",
            people=(person,),
            blocks_of=person if is_join else None,
            tries_on=self.line.masked_number if is_join else "",
            needs_code=command.kind is Keyword.START,
        )

    def decide(self, facts: Snapshot) -> Change:
        """What happens to the text; if it was found in the carrier's records, that is told."""
        change = self._decide(facts)
        if not self.is_recovered:
            return change
        place = change.after or facts.live(self.line)
        name = place.conversation_id if place else ""
        return replace(
            change, events=(reconciled_event(facts, self.line.person, name), *change.events)
        )

    def _decide(self, facts: Snapshot) -> Change:
        """By where its sender stands. An opt-out counts however late it comes."""
        if facts.pool.number(self.line.masked_number) is None:
            raise UnknownMaskedNumber
        text = self._read(facts)
        conversation = facts.live(self.line)
        has_opted_out = self._has_opted_out_before(facts)
        if self.erasure_id and effective_keyword(text, facts) is Keyword.ERASE:
            name = self.erasure_id
            return erase(facts, text, conversation, name, is_confirmed=not has_opted_out)
        if has_opted_out:
            return receive_from_opted_out(facts, text)
        if text.command.kind is Keyword.OPT_OUT:
            return opt_out(facts, text, conversation)
        if conversation is None:
            return receive_from_stranger(facts, text)
        if conversation.state is State.WAITING:
            return receive_from_waiting(facts, text, conversation)
        if is_stale(text, conversation):
            return refuse_stale(facts, text, conversation)
        return receive_from_active(facts, text, conversation)

    def _read(self, facts: Snapshot) -> ParsedMessage:
        command = parse(self.body, facts.pool.words)
        return ParsedMessage(self.line, self.body, command, self.attachments, self.carrier_time)

    def _has_opted_out_before(self, facts: Snapshot) -> bool:
        """Not by this very text, when it is decided once more after a crash or a lost race."""
        known = facts.opt_outs.get(self.line.person)
        return known is not None and known.intent_id != self.carrier_message_id
