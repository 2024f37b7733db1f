"""A person texts a masked number: the command table."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Receipt
from conversation_service.domain.commands.core.snapshot import Facts, Lookup
from conversation_service.domain.commands.inbound.active import from_talking
from conversation_service.domain.commands.inbound.consent import erase, from_opted_out, opt_out
from conversation_service.domain.commands.inbound.inbound_message import (
    Inbound,
    is_too_late,
    kind_here,
    recovered,
    refuse_late,
)
from conversation_service.domain.commands.inbound.stranger import from_stranger
from conversation_service.domain.commands.inbound.waiting import from_waiting
from conversation_service.domain.errors import UnknownMaskedNumber
from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import Kind, parse
from conversation_service.domain.model.conversation import State
from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.participants import Line
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class ReceiveText:
    """One inbound text. Whatever it says has an outcome; refused is only a number of no pool."""

    carrier_message_id: str
    line: Line
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    carrier_time: datetime | None = None
    is_recovered: bool = False
    # How an erasure is called, should the text ask for one.
    erasure_id: str = ""

    @property
    def receipt(self) -> Receipt:
        """The carrier's id names the text, however often and by whichever way it is told of.

        Only what its callbacks and the carrier's records surely share is compared: a record may
        offer files at other addresses, or none.
        """
        fields = (self.line.masked_number, self.line.person.phone_number, self.body)
        return Receipt("text", self.carrier_message_id, fields)

    def lookup(self, pool: Pool) -> Lookup:
        """The sender's conversation on this number, and the one that a code leads to."""
        command = parse(self.body, pool.words)
        person, is_join = self.line.person, command.kind is Kind.JOIN
        return Lookup(
            lines=(self.line,),
            code=codes.normalised(command.argument) if is_join else "",
            people=(person,),
            blocks_of=person if is_join else None,
            tries_on=self.line.masked_number if is_join else "",
            needs_code=command.kind is Kind.START,
        )

    def decide(self, facts: Facts) -> Change:
        """What happens to the text; if it was found in the carrier's records, that is told."""
        change = self._decide(facts)
        if not self.is_recovered:
            return change
        place = change.after or facts.live(self.line)
        name = place.conversation_id if place else ""
        return replace(change, events=(recovered(facts, self.line.person, name), *change.events))

    def _decide(self, facts: Facts) -> Change:
        """By where its sender stands. An opt-out counts however late it comes."""
        if facts.pool.number(self.line.masked_number) is None:
            raise UnknownMaskedNumber
        text = self._read(facts)
        conversation = facts.live(self.line)
        has_opted_out = self._has_opted_out_before(facts)
        if self.erasure_id and kind_here(text, facts) is Kind.ERASE:
            name = self.erasure_id
            return erase(facts, text, conversation, name, is_confirmed=not has_opted_out)
        if has_opted_out:
            return from_opted_out(facts, text)
        if text.command.kind is Kind.OPT_OUT:
            return opt_out(facts, text, conversation)
        if conversation is None:
            return from_stranger(facts, text)
        if conversation.state is State.WAITING:
            return from_waiting(facts, text, conversation)
        if is_too_late(text, conversation):
            return refuse_late(facts, text, conversation)
        return from_talking(facts, text, conversation)

    def _read(self, facts: Facts) -> Inbound:
        command = parse(self.body, facts.pool.words)
        return Inbound(self.line, self.body, command, self.attachments, self.carrier_time)

    def _has_opted_out_before(self, facts: Facts) -> bool:
        """Not by this very text, when it is decided once more after a crash or a lost race."""
        known = facts.opt_outs.get(self.line.person)
        return known is not None and known.intent_id != self.carrier_message_id
