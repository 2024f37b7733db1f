"""A person texts a masked number: the command table."""

from dataclasses import dataclass, field

from conversation_service.domain import codes, texts
from conversation_service.domain.change import Change, Line, Silence
from conversation_service.domain.commands import Command, Kind, parse
from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.endings import end
from conversation_service.domain.facts import Facts, Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.domain.transitions import joined, opened, talked
from conversation_service.domain.words import Words


@dataclass(frozen=True, slots=True)
class ReceiveText:
    """One inbound text. It is never refused: whatever it says has an outcome."""

    carrier_message_id: str
    line: Line
    body: str = field(repr=False)
    has_attachments: bool
    words: Words

    @property
    def receipt(self) -> Receipt:
        """The carrier's id names the text, however often its callback is sent."""
        person = self.line.person.phone_number
        fields = (self.line.masked_number, person, self.body, str(self.has_attachments))
        return Receipt("text", self.carrier_message_id, fields)

    @property
    def lookup(self) -> Lookup:
        """The sender's conversation on this number, and the one that a code leads to."""
        command = self._command
        code = codes.normalised(command.argument) if command.kind is Kind.JOIN else ""
        return Lookup(lines=(self.line,), code=code, silence=self.line)

    def decide(self, facts: Facts) -> Change:
        """What happens to the text, by where its sender stands."""
        conversation = facts.live.get(self.line)
        if conversation is None:
            return self._from_stranger(facts)
        if conversation.state is State.WAITING:
            return self._while_waiting(facts, conversation)
        return self._while_talking(facts, conversation)

    @property
    def _command(self) -> Command:
        return parse(self.body, self.words)

    def _from_stranger(self, facts: Facts) -> Change:
        match self._command.kind:
            case Kind.START:
                return self._start(facts)
            case Kind.JOIN:
                return self._join(facts)
            case Kind.HELP:
                return Change(texts=facts.reply(self.line, texts.help_text(facts.pool)))
            case Kind.OPT_IN:
                return Change()
            case Kind.OPT_OUT:
                return self._confirm_opt_out(facts)
            case Kind.END | Kind.TALK:
                return self._once_in_a_while(facts, texts.help_text(facts.pool))

    def _while_waiting(self, facts: Facts, waiting: Conversation) -> Change:
        command = self._command
        match command.kind:
            case Kind.START:
                return self._told(facts, waiting, texts.code(facts.pool, waiting.code))
            case Kind.JOIN if codes.normalised(command.argument) == waiting.code:
                return self._told(facts, waiting, texts.own_code(waiting.code))
            case Kind.HELP:
                return self._told(facts, waiting, texts.help_text(facts.pool))
            case Kind.END if command.argument in ("", waiting.code):
                return end(facts, waiting, EndReason.PARTICIPANT_ENDED)
            case Kind.OPT_OUT:
                return self._opt_out(facts, waiting)
            case Kind.OPT_IN:
                return Change()
            case Kind.JOIN | Kind.END | Kind.TALK:
                return self._told(facts, waiting, texts.still_waiting(waiting.code))

    def _while_talking(self, facts: Facts, active: Conversation) -> Change:
        command = self._command
        match command.kind:
            case Kind.START:
                return self._told(facts, active, texts.already_talking())
            case Kind.JOIN if codes.is_code_shaped(codes.normalised(command.argument)):
                # Relayed, it would hand somebody else's code to the partner.
                return self._told(facts, active, texts.already_talking())
            case Kind.HELP:
                return self._told(facts, active, texts.help_text(facts.pool))
            case Kind.END if command.argument in ("", active.code):
                return end(facts, active, EndReason.PARTICIPANT_ENDED)
            case Kind.END:
                return self._told(facts, active, texts.end_of_another())
            case Kind.OPT_OUT:
                return self._opt_out(facts, active)
            case Kind.OPT_IN:
                return Change()
            case Kind.JOIN | Kind.TALK:
                return self._relay(facts, active)

    def _start(self, facts: Facts) -> Change:
        conversation = opened(facts, self.line)
        told = (self.line.person, texts.code(facts.pool, conversation.code))
        return Change(after=conversation, texts=facts.texts(conversation, told))

    def _join(self, facts: Facts) -> Change:
        invitation = facts.invitation
        if invitation is None or invitation.masked_number != self.line.masked_number:
            return Change(texts=facts.reply(self.line, texts.code_not_valid()))
        return join(facts, invitation, self.line)

    def _relay(self, facts: Facts, active: Conversation) -> Change:
        partner = active.partner_of(self.line.person)
        if self.body.strip() == "" or partner is None:
            return self._told(facts, active, self._why_nothing_passed)
        relayed = [(partner, self.body)]
        if self.has_attachments:
            relayed.append((self.line.person, texts.no_attachments()))
        return Change(active, talked(facts, active), facts.texts(active, *relayed))

    @property
    def _why_nothing_passed(self) -> str:
        return texts.no_attachments() if self.has_attachments else texts.empty()

    def _opt_out(self, facts: Facts, conversation: Conversation) -> Change:
        confirmation = texts.opted_out() if self._confirms else None
        return end(facts, conversation, EndReason.OPTED_OUT, self.line.person, confirmation)

    def _confirm_opt_out(self, facts: Facts) -> Change:
        return self._once_in_a_while(facts, texts.opted_out()) if self._confirms else Change()

    @property
    def _confirms(self) -> bool:
        """Flowroute answers STOP itself and would refuse ours (Flowroute support, STOP article)."""
        return self.body.strip().lower() != "stop"

    def _told(self, facts: Facts, conversation: Conversation, body: str) -> Change:
        return Change(texts=facts.texts(conversation, (self.line.person, body)))

    def _once_in_a_while(self, facts: Facts, body: str) -> Change:
        if facts.is_silenced:
            return Change()
        silence = Silence(self.line, facts.pool.stranger_silence)
        return Change(texts=facts.reply(self.line, body), silence=silence)


def join(facts: Facts, invitation: Conversation, line: Line) -> Change:
    """Lets the person of `line` in and tells both."""
    conversation = joined(facts, invitation, line.person)
    starter = invitation.participants[0]
    told = ((line.person, texts.you_joined()), (starter, texts.somebody_joined()))
    return Change(invitation, conversation, facts.texts(conversation, *told))
