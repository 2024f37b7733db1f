"""What clients do."""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conversation_service.domain.keywords.keywords import Keyword
from maskline.conversation.v1 import conversation_pb2 as pb

from model.reference.start import Wanted
from model.client_calls import Answered
from model.people import MAIN, PEOPLE, TICK
from model.rules.base import Stage, Words, picked
from model.rules.draws import COMMANDS, PAIRS, PERSONS, PICKS, POOL_NAMES, TALK, WANTED, WRONG_CODE
from model.reference.records import Talk

# The last calls are the ones that are worth to be made again.
REMEMBERED = 40

_FIELDS = {
    pb.StartConversationRequest: "unique_name",
    pb.OpenConversationRequest: "unique_name",
    pb.EndConversationRequest: "note",
    pb.SendMessageRequest: "body",
}


class ClientRules(Stage):
    """Calls, right and wrong, once and again."""

    @rule(person=PERSONS, pool=POOL_NAMES, wanted=WANTED)
    def client_starts(self, person: str, pool: str, wanted: Wanted) -> None:
        self.do(self.play.start(self.pool(pool), person, wanted))

    @rule(people=PAIRS, pool=POOL_NAMES, wanted=WANTED, is_silent=st.booleans())
    def client_opens(
        self, people: Sequence[str], pool: str, wanted: Wanted, is_silent: bool
    ) -> None:
        self.do(self.play.open(self.pool(pool), people, wanted, is_silent=is_silent))

    @precondition(lambda self: self._pairs())
    @rule(pick=PICKS, pool=POOL_NAMES, wanted=WANTED)
    def client_opens_for_two_who_know_each_other(
        self, pick: int, pool: str, wanted: Wanted
    ) -> None:
        people = picked(self._pairs(), pick)
        self.do(self.play.open(self.pool(pool), people, wanted, is_silent=False))

    @rule(person=PERSONS, pool=POOL_NAMES, pick=PICKS)
    def client_joins(self, person: str, pool: str, pick: int) -> None:
        waiting = [talk.code for talk in self.waiting() if talk.pool == pool]
        known = [*waiting, WRONG_CODE, *self.play.used_codes[-2:]]
        self.do(self.play.join(self.pool(pool), person, picked(known, pick)))

    @rule(person=PERSONS, pool=POOL_NAMES, tries=st.integers(3, 6))
    def client_guesses_codes(self, person: str, pool: str, tries: int) -> None:
        right = [talk.code for talk in self.waiting() if talk.pool == pool]
        for code in [WRONG_CODE] * tries + right[:1]:
            self.do(self.play.join(self.pool(pool), person, code))

    @precondition(lambda self: self.waiting())
    @rule(pick=PICKS)
    def client_joins_somebody_with_themselves(self, pick: int) -> None:
        talk = picked(self.waiting(), pick)
        self.do(self.play.join(self.pool(talk.pool), talk.people[0], talk.code))

    @precondition(lambda self: self.active())
    @rule(pick=PICKS, wanted=WANTED)
    def client_opens_for_two_who_blocked_each_other(self, pick: int, wanted: Wanted) -> None:
        talk = picked(self.active(), pick // 2)
        self.receive(self.text((talk.number, talk.people[pick % 2]), Keyword.BLOCK, "block"))
        self.do(self.play.open(self.pool(talk.pool), talk.people, wanted, is_silent=False))

    @precondition(lambda self: self.kept())
    @rule(pick=PICKS, person=PERSONS | st.just(""))
    def client_ends(self, pick: int, person: str) -> None:
        self.do(self.play.end_call(picked(self.kept(), pick), person))

    @precondition(lambda self: self.kept())
    @rule(pick=PICKS, author_pick=PICKS)
    def client_speaks(self, pick: int, author_pick: int) -> None:
        talk = picked(self.kept(), pick)
        author = picked([*talk.people, *PEOPLE], author_pick)
        self.do(self.play.speak(talk, author, f"~w{next(self.play.ids)}~"))

    @precondition(lambda self: self.kept())
    @rule(pick=PICKS)
    def system_speaks(self, pick: int) -> None:
        words = f"~s{next(self.play.ids)}~ from the system"
        self.do(self.play.speak(picked(self.kept(), pick), "", words))

    @precondition(lambda self: self.kept())
    @rule(pick=PICKS, resumes=st.booleans())
    def client_pauses(self, pick: int, resumes: bool) -> None:
        talk = picked(self.kept(), pick)
        self.do(self.play.resume(talk) if resumes else self.play.pause(talk))

    @precondition(lambda self: self.active())
    @rule(
        pick=PICKS,
        talks=st.lists(st.tuples(st.integers(0, 1), TALK), min_size=2, max_size=5),
        resumes=st.booleans(),
    )
    def client_pauses_while_they_talk(
        self, pick: int, talks: list[tuple[int, Words]], resumes: bool
    ) -> None:
        talk = picked(self.active(), pick)
        self.do(self.play.pause(talk))
        lines = [(talk.number, person) for person in talk.people]
        self.receive(*(self.text(lines[who], *words) for who, words in talks))
        if resumes:
            self.do(self.play.resume(talk))

    @precondition(lambda self: self._ended())
    @rule(pick=PICKS)
    def client_reopens(self, pick: int) -> None:
        self.do(self.play.reopen(picked(self._ended(), pick)))

    @precondition(lambda self: any(len(talk.people) > 1 for talk in self._ended()))
    @rule(pick=PICKS, meanwhile=COMMANDS)
    def client_reopens_after_the_number_has_rested(self, pick: int, meanwhile: Words) -> None:
        past = [talk for talk in self._ended() if len(talk.people) > 1]
        talk = picked(past, pick // 2)
        self.do(self.play.time_passes(MAIN.settings.cool_off, sweeps=True))
        self.receive(self.text((talk.number, talk.people[pick % 2]), *meanwhile))
        if talk in self.kept():
            self.do(self.play.reopen(talk))

    @precondition(lambda self: self._repeatable())
    @rule(pick=PICKS)
    def client_asks_again(self, pick: int) -> None:
        self.do(self.play.repeat(picked(self._repeatable(), pick)))

    @precondition(lambda self: self._reusable())
    @rule(pick=PICKS)
    def client_uses_an_id_again(self, pick: int) -> None:
        self.do(self.play.reuse(*picked(self._reusable(), pick)))

    @rule(person=PERSONS, opts_in=st.sampled_from([True, True, True, False]))
    def client_knows_who_wants_texts(self, person: str, opts_in: bool) -> None:
        self.do(self.play.opt_in(person) if opts_in else self.play.opt_out(person))

    @rule(person=PERSONS)
    def client_erases(self, person: str) -> None:
        self.do(self.play.erase(person))

    @precondition(lambda self: self.kept())
    @rule(pick=PICKS, sweeps=st.booleans())
    def client_erases_somebody_in_a_conversation(self, pick: int, sweeps: bool) -> None:
        talk = picked(self.kept(), pick // 2)
        if sweeps:
            self.do(self.play.time_passes(TICK, sweeps=False))
        self.do(self.play.erase(picked(talk.people, pick % 2)))

    def _ended(self) -> list[Talk]:
        return [talk for talk in self.kept() if not talk.is_live]

    def _pairs(self) -> list[list[str]]:
        """Who talked with each other, whoever blocked somebody first."""
        blocked = {pair for pool in self.play.model.pools.values() for pair in pool.blocked}
        past = [list(one.people) for one in self.play.model.past[-5:]]
        return sorted(map(sorted, blocked)) + past

    def _repeatable(self) -> list[Answered]:
        """Calls that get their first answer again: all but the reopening of what is forgotten."""
        kept = {talk.conversation_id for talk in self.kept()}
        return [
            one
            for one in self.play.answered[:-REMEMBERED:-1]
            if not isinstance(one.request, pb.ReopenConversationRequest)
            or one.request.conversation_id in kept
        ]

    def _reusable(self) -> list[tuple[Answered, str]]:
        """Calls with one of their fields: another value there makes another call."""
        recent = self.play.answered[:-REMEMBERED:-1]
        known = ((one, _FIELDS.get(type(one.request), "")) for one in recent)
        return [(one, field) for one, field in known if field]
