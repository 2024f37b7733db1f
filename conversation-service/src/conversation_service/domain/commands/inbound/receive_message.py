"""A person texts a masked number: the keyword table."""

from dataclasses import dataclass, field, replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.commands.inbound.active import receive_from_active
from conversation_service.domain.commands.inbound.consent import (
    NAMES_BLOCKED_NUMBERS,
    carrier_block_change,
    erase,
    opt_out,
    other_routes,
    receive_from_opted_out,
)
from conversation_service.domain.commands.inbound.inbound_message import (
    InboundContext,
    is_forgotten,
    is_stale,
    reconciled_event,
    refuse_forgotten,
    refuse_stale,
)
from conversation_service.domain.commands.inbound.relay import with_notice_of_files
from conversation_service.domain.commands.inbound.stranger import receive_from_stranger
from conversation_service.domain.commands.inbound.waiting import receive_from_waiting
from conversation_service.domain.errors import FieldViolation, InvalidArgument, MaskedNumberNotFound
from conversation_service.domain.keywords import join_codes
from conversation_service.domain.keywords.keywords import Keyword, Keywords, ParsedKeyword, parse
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class ReceiveMessage:
    """One inbound message. It is refused if its number is in no pool, or its sender's is in one.

    `erasure_id` is the id of the erasure that the message causes, should it ask for one.
    """

    message: InboundMessage
    sender: Person
    erasure_id: str = ""
    # The body is parsed once for each set of keywords: a pool may change between two attempts.
    _parsed: dict[Keywords, ParsedKeyword] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def route(self) -> Route:
        return Route(self.message.to_number, self.sender)

    @property
    def idempotency_key(self) -> IdempotencyKey:
        """The carrier's message id, however often and by whichever way the message arrives.

        Only fields on which callbacks and the carrier's records agree are compared: a record may
        offer files at other addresses, or none.
        """
        message = self.message
        fields = (message.to_number, message.from_number, message.carrier_body)
        return IdempotencyKey("text", message.received_id, fields)

    def keyword(self, keywords: Keywords) -> ParsedKeyword:
        """The keyword of the body, by a pool's keywords."""
        parsed = self._parsed.get(keywords)
        if parsed is None:
            parsed = self._parsed[keywords] = parse(self.message.body, keywords)
        return parsed

    def read_set(self, pool: Pool) -> ReadSet:
        """The sender's conversation on this number; for a code, the conversation behind it."""
        keyword, number = self.keyword(pool.keywords), self.message.to_number
        is_join = keyword.kind in (Keyword.JOIN, Keyword.CODE)
        is_code = is_join and join_codes.is_code_shaped(keyword.argument)
        others = other_routes(self.route, pool)
        return ReadSet(
            routes=(self.route,),
            code=keyword.argument if is_code else "",
            people=(self.sender,),
            blocks_of=self.sender if is_join else None,
            code_attempts_on=number if is_join else "",
            carrier_blocks_on=others if keyword.kind in NAMES_BLOCKED_NUMBERS else (),
            needs_code=keyword.kind is Keyword.START,
        )

    def decide(self, snapshot: Snapshot) -> Change:
        """The outcome by where the sender stands, with an event if the message was reconciled."""
        change = self._decide(snapshot)
        if block := carrier_block_change(self.route, self.message, snapshot.now):
            change = replace(change, carrier_block=block)
        if not self.message.is_recovered:
            return change
        conversation = change.after or snapshot.live(self.route)
        conversation_id = conversation.conversation_id if conversation else ""
        event = reconciled_event(self.sender, conversation_id, change.participant_message_id)
        return replace(change, events=(event, *change.events))

    def _decide(self, snapshot: Snapshot) -> Change:
        """An opt-out counts however late it arrives."""
        if snapshot.pool.number(self.message.to_number) is None:
            raise MaskedNumberNotFound
        if self.sender in snapshot.masked:
            # A text of one of our own numbers would be answered and relayed in circles.
            raise InvalidArgument([FieldViolation("from_number", "is a masked number")])
        keyword, conversation = self.keyword(snapshot.pool.keywords), snapshot.live(self.route)
        is_connected = conversation is not None and conversation.is_connected
        if keyword.requests_opt_out and not is_connected:
            # Nobody else is there whom these words could be meant for.
            keyword = ParsedKeyword(Keyword.OPT_OUT)
        inbound = InboundContext(snapshot, self.message, self.sender, keyword)
        if keyword.kind is not Keyword.OPT_OUT and is_forgotten(self.message, snapshot.now):
            partner_may_miss_it = not self._had_opted_out(snapshot)
            return refuse_forgotten(inbound, conversation if partner_may_miss_it else None)
        if conversation and is_connected and not self._is_consent(inbound):
            if is_stale(self.message, conversation):
                return refuse_stale(inbound, conversation)
            return receive_from_active(inbound, conversation)
        change = self._decide_outside(inbound, conversation)
        if inbound.effective_keyword is Keyword.TALK:
            return change
        conversation_id = conversation.conversation_id if conversation else ""
        return with_notice_of_files(inbound, change, conversation_id)

    def _is_consent(self, inbound: InboundContext) -> bool:
        """Whether it is about consent: an opt-out, an erasure, or from a person who opted out."""
        is_erasure = self.erasure_id and inbound.effective_keyword is Keyword.ERASE
        is_opt_out = inbound.keyword.kind is Keyword.OPT_OUT
        return bool(is_erasure) or is_opt_out or self._had_opted_out(inbound.snapshot)

    def _decide_outside(self, inbound: InboundContext, conversation: Conversation | None) -> Change:
        """The outcome of whatever is not relayed to a partner."""
        had_opted_out = self._had_opted_out(inbound.snapshot)
        if self.erasure_id and inbound.effective_keyword is Keyword.ERASE:
            return erase(inbound, conversation, self.erasure_id, is_confirmed=not had_opted_out)
        if had_opted_out:
            return receive_from_opted_out(inbound)
        if inbound.keyword.kind is Keyword.OPT_OUT:
            return opt_out(inbound, conversation)
        if conversation is None:
            return receive_from_stranger(inbound)
        return receive_from_waiting(inbound, conversation)

    def _had_opted_out(self, snapshot: Snapshot) -> bool:
        """Whether by another message: this one may be decided again after a crash or lost race."""
        opt_out = snapshot.opt_outs.get(self.sender)
        return opt_out is not None and not opt_out.is_caused_by(self.message.received_id)
