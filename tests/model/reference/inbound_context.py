"""An inbound message, and the state of the model that its sender meets."""

from dataclasses import dataclass
from datetime import timedelta

from model.reference.limits import (
    NUMBER_CODE_ATTEMPTS,
    NUMBER_CODE_ATTEMPTS_WINDOW,
    SenderLimits,
    WindowCounter,
)
from model.reference.records import PICTURE_MARK, Conversation
from model.reference.state import Model, PoolModel

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.templates.catalog import Template

PICTURE = "image/png"

CODE_LENGTH = 6

# What bodies of the rules begin with that ask for no more texts.
OPT_OUT_REQUESTS = ("please stop", "wrong number")


@dataclass(frozen=True)
class InboundMessage:
    """A message as somebody typed it, and the keyword that it has."""

    message_id: str
    person: str
    number: str
    keyword: Keyword
    body: str
    argument: str = ""
    # Media types of its attachments.
    files: tuple[str, ...] = ()

    @property
    def relayed_body(self) -> str:
        """What its receiver gets: the body, and a mark for each picture."""
        return self.body + PICTURE_MARK * self.files.count(PICTURE)

    @property
    def requests_opt_out(self) -> bool:
        """Whether it asks for no more texts, without a keyword."""
        return self.body.startswith(OPT_OUT_REQUESTS)

    @property
    def has_code(self) -> bool:
        """Whether the argument could be a join code."""
        return len(self.argument) == CODE_LENGTH

    @property
    def has_refused_files(self) -> bool:
        return any(file != PICTURE for file in self.files)


@dataclass
class InboundContext:
    """One message, its pool and the model."""

    model: Model
    pool: PoolModel
    message: InboundMessage

    @property
    def live(self) -> Conversation | None:
        return self.model.live(self.message.number, self.message.person)

    @property
    def limits(self) -> SenderLimits:
        return self.pool.limits_of(self.message.person)

    @property
    def opts_out(self) -> bool:
        by_end = self.message.keyword is Keyword.END and self.message.body == "end"
        is_opt_out = self.message.keyword is Keyword.OPT_OUT
        is_heard = self.message.requests_opt_out and (self.live is None or self.live.is_waiting)
        by_end = by_end and self.pool.settings.keywords.end_opts_out
        return is_opt_out or is_heard or by_end

    @property
    def keyword(self) -> Keyword:
        """A keyword that the pool does not offer is relayed."""
        settings, keyword = self.pool.settings, self.message.keyword
        if self.message.requests_opt_out and self.opts_out:
            return Keyword.OPT_OUT
        is_offered = {
            Keyword.BLOCK: settings.keywords.block_enabled,
            Keyword.REPORT: settings.keywords.report_enabled,
            Keyword.ERASE: settings.keywords.erase_enabled,
            Keyword.YES: False,
        }
        return keyword if is_offered.get(keyword, True) else Keyword.TALK

    def reply(
        self,
        template: Template,
        conversation: Conversation | None = None,
        duration: timedelta | None = None,
    ) -> bool:
        """To the sender, within their limit; whether that allows it."""
        if not self.limits.may_reply(self.model.now):
            return False
        number, person = self.message.number, self.message.person
        self.model.notify(number, person, template, conversation, duration)
        return True

    def farewell(self, template: Template) -> list[Template]:
        """The reply to a sender who ends the conversation, within their limit."""
        return [template] if self.limits.may_reply(self.model.now) else []

    def too_many_wrong_codes(self) -> bool:
        """Counts a wrong code on the number; whether the limit had been reached before."""
        counter = self.pool.code_attempts.setdefault(self.message.number, WindowCounter())
        before = counter.value_at(self.model.now)
        counter.increment(self.model.now, NUMBER_CODE_ATTEMPTS_WINDOW)
        return before >= NUMBER_CODE_ATTEMPTS
