"""What people and the carrier do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conversation_service.domain.keywords.keywords import Keyword

from model.reference.inbound_context import Text
from model.rules.base import Line, Stage, Words, picked
from model.rules.draws import COMMANDS, FILES, MASKED, PERSONS, PICKS, TALK, WRONG_CODE

# The carrier sends a text again for minutes, and a receipt is kept for 72 hours.
REMEMBERED, REMEMBERED_FOR = 40, timedelta(hours=70)


@dataclass(frozen=True)
class Sent:
    """A text that the carrier has handed in, and whose its number was."""

    time: datetime
    pool: str
    text: Text


class TextRules(Stage):
    """Texts, alone and together, once and again."""

    def __init__(self) -> None:
        super().__init__()
        self._sent: list[Sent] = []

    @rule(pick=PICKS, talk=TALK, files=FILES)
    def talks(self, pick: int, talk: Words, files: tuple[str, ...]) -> None:
        self._arrive(self.text(self.line(pick), *talk, files=files))

    @precondition(lambda self: self.active())
    @rule(pick=PICKS, body=st.sampled_from(["", " ", "{}"]), files=FILES)
    def shows_partner(self, pick: int, body: str, files: tuple[str, ...]) -> None:
        found = picked(self.active(), pick // 2)
        line = (found.number, found.people[pick % 2])
        self._arrive(self.text(line, Keyword.TALK, body, files=files))

    @precondition(lambda self: self.play.arrived)
    @rule(pick=PICKS, arrives=st.sampled_from([False, False, True]))
    def carrier_reports(self, pick: int, arrives: bool) -> None:
        self.do(self.play.report(picked(self.play.arrived[::-1], pick), arrives=arrives))

    @precondition(lambda self: self.active())
    @rule(pick=PICKS, talk=TALK)
    def talks_to_partner(self, pick: int, talk: Words) -> None:
        found = picked(self.active(), pick // 2)
        self._arrive(self.text((found.number, found.people[pick % 2]), *talk))

    @rule(pick=PICKS, command=COMMANDS)
    def says_command(self, pick: int, command: Words) -> None:
        self._arrive(self.text(self.line(pick), *command))

    @precondition(lambda self: self.waiting())
    @rule(person=PERSONS, pick=PICKS, elsewhere=st.sampled_from([False, False, False, True]))
    def joins(self, person: str, pick: int, elsewhere: bool) -> None:
        talk = picked(self.waiting(), pick)
        others = [one for one in self.pool(talk.pool).numbers if one != talk.number]
        number = picked(others, pick) if elsewhere and others else talk.number
        self._arrive(self._joining((number, person), talk.code))

    @rule(pick=PICKS, code_pick=PICKS, ends=st.booleans())
    def uses_some_code(self, pick: int, code_pick: int, ends: bool) -> None:
        code = picked([WRONG_CODE, *self.play.used_codes[-5:]], code_pick)
        line = self.line(pick)
        ending = self.text(line, Keyword.END, f"end {code}", code)
        self._arrive(ending if ends else self._joining(line, code))

    @rule(pick=PICKS, tries=st.integers(3, 6))
    def guesses_codes(self, pick: int, tries: int) -> None:
        number, person = self.line(pick)
        right = [talk.code for talk in self.waiting() if talk.number == number]
        guessed = [WRONG_CODE] * tries + right[:1]
        self._arrive(*(self._joining((number, person), code) for code in guessed))

    @rule(pick=PICKS, words=COMMANDS, times=st.integers(8, 14))
    def texts_again_and_again(self, pick: int, words: Words, times: int) -> None:
        line = self.line(pick)
        batch = [self.text(line, *words) for _ in range(times)]
        self._arrive(*batch, self.text(line, Keyword.START, "start"))

    @rule(pick=PICKS)
    def an_old_opt_out_arrives_again(self, pick: int) -> None:
        line = self.line(pick)
        opt_out = self.text(line, Keyword.OPT_OUT, "quit")
        for text in (
            opt_out,
            self.text(line, Keyword.YES, "yes"),
            self.text(line, Keyword.START, "start"),
        ):
            self._arrive(text)
        self._arrive(opt_out)

    @rule(pick=PICKS, returns=st.booleans())
    def an_old_erasure_arrives_again(self, pick: int, returns: bool) -> None:
        line = self.line(pick)
        asked = self.text(line, Keyword.ERASE, "erase my data")
        self._arrive(asked)
        if returns:
            self._arrive(self.text(line, Keyword.START, "start"))
        self.receive(asked)

    @precondition(lambda self: self.active())
    @rule(pick=PICKS, talk=TALK, returns=st.booleans())
    def words_and_an_erasure_arrive_together(self, pick: int, talk: Words, returns: bool) -> None:
        found = picked(self.active(), pick // 2)
        mine, theirs = [(found.number, one) for one in found.people][:: 1 - pick % 2 * 2]
        batch = [
            self.text(mine, *talk),
            self.text(theirs, *talk),
            self.text(mine, Keyword.ERASE, "erase my data"),
            self.text(theirs, *talk),
        ]
        self._arrive(*batch, *([self.text(mine, Keyword.START, "start")] if returns else []))

    @rule(picks=st.lists(st.tuples(PICKS, COMMANDS | TALK), min_size=2, max_size=5), number=MASKED)
    def texts_arrive_together(self, picks: list[tuple[int, Words]], number: str) -> None:
        numbers = self._numbers_beside(number)
        self._arrive(*(self.text(self.line(pick, numbers), *words) for pick, words in picks))

    @rule(pick=PICKS, command=COMMANDS)
    def a_text_arrives_twice_at_once(self, pick: int, command: Words) -> None:
        text = self.text(self.line(pick), *command)
        self._arrive(text, text)

    @precondition(lambda self: self.active())
    @rule(pick=PICKS, turns=st.integers(2, 24))
    def machines_answer_each_other(self, pick: int, turns: int) -> None:
        talk = picked(self.active(), pick)
        says = ((talk.people[turn % 2], f"Away {turn % 2}.") for turn in range(turns))
        self._arrive(*(self.text((talk.number, who), Keyword.TALK, words) for who, words in says))

    @precondition(lambda self: self._resendable())
    @rule(pick=PICKS, opt_outs_first=st.booleans())
    def carrier_sends_again(self, pick: int, opt_outs_first: bool) -> None:
        found = self._resendable()
        opt_outs = [text for text in found if text.kind is Keyword.OPT_OUT]
        self.receive(picked((opt_outs_first and opt_outs) or found, pick))

    def _joining(self, line: Line, code: str) -> Text:
        return self.text(line, Keyword.JOIN, f"Join {code[:3].lower()}-{code[3:]}", code)

    def _arrive(self, *batch: Text) -> None:
        model = self.play.model
        owners = ((text, model.pool_of(text.number)) for text in batch)
        self._sent += [Sent(model.now, one.name if one else "", text) for text, one in owners]
        self.receive(*batch)

    def _numbers_beside(self, number: str) -> list[str]:
        """Numbers whose texts are taken in order even if one person texts several of them.

        A replica that still looks for a moved number in its old pool takes its texts after others.
        """
        model = self.play.model
        pool = model.pool_of(number)
        if pool is None or number in model.moved:
            return [number]
        return [one for one in pool.numbers if one not in model.moved]

    def _resendable(self) -> list[Text]:
        """What the carrier may send again, while the same pool has the number."""
        model = self.play.model
        since = model.now - REMEMBERED_FOR
        return [
            one.text
            for one in self._sent[:-REMEMBERED:-1]
            if one.time > since
            and model.pool_of(one.text.number) in (None, model.pools.get(one.pool))
        ]
