"""The state machine: whatever may happen, in any order."""

from datetime import timedelta

from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from maskline.conversation.v1 import pool_pb2

from model.reference.start import Wanted
from model.people import MAIN, TICK
from model.rules.clients import ClientRules
from model.rules.base import Words, picked
from model.rules.draws import COMMANDS, MASKED, PAIRS, PERSONS, PICKS, POOL_NAMES, SPANS, SWITCHES, TALK
from model.rules.inbound import TextRules


class Machine(TextRules, ClientRules):
    """People and clients, and what operators, the carrier and time do."""

    @initialize(pairs=st.lists(PAIRS, max_size=4))
    def some_talk_already(self, pairs: list[list[str]]) -> None:
        for people in pairs:
            self.do(self.play.open(self.pool(MAIN.name), people, Wanted(), is_silent=True))

    @rule(
        pool=POOL_NAMES, number=MASKED, act=st.sampled_from(["add", "reserve", "drain", "remove"])
    )
    def operator_changes_number(self, pool: str, number: str, act: str) -> None:
        known = self.pool(pool)
        if act == "drain":
            self.do(self.play.drain_number(known, number))
        elif act == "remove":
            self.do(self.play.remove_number(known, number))
        else:
            self.do(self.play.add_number(known, number, is_reserved=act == "reserve"))

    @rule(number=MASKED)
    def operator_moves_number(self, number: str) -> None:
        owner = self.play.model.pool_of(number)
        for pool in self.play.model.pools.values():
            if owner is not None and pool is not owner:
                self.do(self.play.remove_number(owner, number))
                self.do(self.play.add_number(pool, number, is_reserved=False))

    @rule(pool=POOL_NAMES, name=SWITCHES)
    def operator_switches(self, pool: str, name: str) -> None:
        self.do(self.play.switch(self.pool(pool), name))

    @precondition(lambda self: self._operable())
    @rule(pick=PICKS)
    def operator_asks_again(self, pick: int) -> None:
        self.do(self.play.operate_again(picked(self._operable(), pick)))

    @rule(person=PERSONS, blocks=st.sampled_from([True, False, False]))
    def carrier_blocks(self, person: str, blocks: bool) -> None:
        self.do(self.play.carrier_blocks(person, blocks=blocks))

    @rule()
    def a_moment_passes(self) -> None:
        self.do(self.play.time_passes(TICK, sweeps=True))

    @precondition(lambda self: self.active())
    @rule(pick=PICKS, words=TALK | COMMANDS)
    def a_text_comes_when_time_is_over(self, pick: int, words: Words) -> None:
        talk = picked(self.active(), pick // 2)
        left = talk.next_end - self.play.model.now
        self.do(self.play.time_passes(left, sweeps=False))
        self.receive(self.text((talk.number, talk.people[pick % 2]), *words))

    @rule(span=SPANS, sweeps=st.booleans())
    def time_passes(self, span: timedelta, sweeps: bool) -> None:
        self.do(self.play.time_passes(span, sweeps=sweeps))

    def _operable(self) -> list[Message]:
        """Calls that change nothing again: all but the adding of a number that has left since."""
        return [
            one
            for one in self.play.operated
            if not isinstance(one, pool_pb2.AddNumberRequest)
            or one.masked_number in self.pool(one.pool).numbers
        ]
