"""A text of the model, and where its sender stands."""

from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.templates.catalog import Template

from model.reference.limits import NUMBER_TRIES, NUMBER_TRIES_WINDOW, Conduct, Count
from model.reference.state import Model, PoolModel
from model.reference.records import PICTURE_MARK, Talk

PICTURE = "image/png"


@dataclass(frozen=True)
class Text:
    """A text as somebody typed it, and what they meant."""

    text_id: str
    person: str
    number: str
    kind: Keyword
    body: str
    argument: str = ""
    # Media types of what comes with it.
    files: tuple[str, ...] = ()

    @property
    def passed(self) -> str:
        """What its receiver gets of it: the words, and a mark for each picture."""
        return self.body + PICTURE_MARK * self.files.count(PICTURE)

    @property
    def keeps_files_back(self) -> bool:
        """Whether something of it is not passed on."""
        return any(file != PICTURE for file in self.files)


@dataclass
class Scene:
    """One text meets the model."""

    model: Model
    pool: PoolModel
    text: Text

    @property
    def live(self) -> Talk | None:
        return self.model.live(self.text.number, self.text.person)

    @property
    def conduct(self) -> Conduct:
        return self.pool.conduct(self.text.person)

    @property
    def opts_out(self) -> bool:
        """Whether it asks for no more texts."""
        by_end = self.text.kind is Keyword.END and self.text.body == "end"
        return self.text.kind is Keyword.OPT_OUT or (by_end and self.pool.settings.end_opts_out)

    @property
    def kind(self) -> Keyword:
        """Words for what the pool does not offer are talk."""
        settings, kind = self.pool.settings, self.text.kind
        is_offered = {
            Keyword.BLOCK: settings.allows_block,
            Keyword.REPORT: settings.allows_report,
            Keyword.ERASE: settings.allows_erase,
        }
        return kind if is_offered.get(kind, True) and kind is not Keyword.YES else Keyword.TALK

    def answer(
        self, template: Template, talk: Talk | None = None, span: timedelta | None = None
    ) -> None:
        """A reply to the sender, unless they have had too many."""
        if self.conduct.takes_reply(self.model.now):
            self.model.tell(self.text.number, self.text.person, template, talk, span)

    def farewell(self, template: Template) -> list[Template]:
        """What a sender is told who ends it, unless they have had too many replies."""
        return [template] if self.conduct.takes_reply(self.model.now) else []

    def guessed_too_often(self) -> bool:
        """Counts a wrong code on the number; answers whether there had been too many before."""
        tries = self.pool.tries.setdefault(self.text.number, Count())
        before = tries.at(self.model.now)
        tries.more(self.model.now, NUMBER_TRIES_WINDOW)
        return before >= NUMBER_TRIES
