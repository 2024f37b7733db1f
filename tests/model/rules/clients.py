"""Rules of clients, which make calls."""

from collections.abc import Sequence

from model.client_calls import CompletedCall
from model.people import MAIN, PEOPLE, TICK
from model.reference.client_requests import Update
from model.reference.records import Conversation
from model.reference.start import StartOptions
from model.rules import draws
from model.rules.base import Rules, at, rule
from model.rules.draws import WRONG_CODE, Typed

from conversation_service.domain.keywords.keywords import Keyword
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2

# Calls are repeated that are among the last ones.
REPEATABLE = 40

_CHANGEABLE_FIELDS = {
    pb.CreateConversationRequest: "unique_name",
    pb.EndConversationRequest: "note",
    message_pb2.SendMessageRequest: "body",
}


class ClientRules(Rules):
    """Calls, right and wrong, once and again."""

    @rule(
        person=draws.person,
        pool=draws.pool_name,
        options=draws.start_options,
        silent=draws.boolean,
    )
    async def client_creates_for_one(
        self, person: str, pool: str, options: StartOptions, silent: bool
    ) -> None:
        await self.runner.create(self.pool(pool), [person], options, silent=silent)

    @rule(
        people=draws.pair_of_people,
        pool=draws.pool_name,
        options=draws.start_options,
        silent=draws.boolean,
    )
    async def client_creates_for_two(
        self, people: Sequence[str], pool: str, options: StartOptions, silent: bool
    ) -> None:
        await self.runner.create(self.pool(pool), people, options, silent=silent)

    @rule(
        when=lambda self: self.pairs(),
        index=draws.index,
        pool=draws.pool_name,
        options=draws.start_options,
    )
    async def client_creates_for_two_who_have_met(
        self, index: int, pool: str, options: StartOptions
    ) -> None:
        people = at(index, self.pairs())
        await self.runner.create(self.pool(pool), people, options)

    @rule(person=draws.person, pool=draws.pool_name, index=draws.index)
    async def client_joins(self, person: str, pool: str, index: int) -> None:
        waiting = [one.code for one in self.waiting() if one.pool == pool]
        codes = [*waiting, WRONG_CODE, *self.runner.used_codes[-2:]]
        await self.runner.join(self.pool(pool), person, at(index, codes))

    @rule(person=draws.person, pool=draws.pool_name, attempts=draws.between(3, 6))
    async def client_tries_wrong_codes(self, person: str, pool: str, attempts: int) -> None:
        right = [one.code for one in self.waiting() if one.pool == pool]
        for code in [WRONG_CODE] * attempts + right[:1]:
            await self.runner.join(self.pool(pool), person, code)

    @rule(when=Rules.waiting, index=draws.index)
    async def client_joins_a_person_with_themselves(self, index: int) -> None:
        waiting = at(index, self.waiting())
        await self.runner.join(self.pool(waiting.pool), waiting.people[0], waiting.code)

    @rule(when=Rules.active, index=draws.index, options=draws.start_options)
    async def client_creates_for_a_blocked_pair(self, index: int, options: StartOptions) -> None:
        conversation = at(index // 2, self.active())
        route, _ = self.routes_of_active(index)
        await self.receive(self.message(route, Keyword.BLOCK, "block"))
        pool = self.pool(conversation.pool)
        await self.runner.create(pool, conversation.people, options)

    @rule(index=draws.index, options=draws.start_options, is_named=draws.boolean)
    async def client_creates_where_the_carrier_blocks(
        self, index: int, options: StartOptions, is_named: bool
    ) -> None:
        number, person = route = self.route(index)
        await self.receive(self.message(route, Keyword.OPT_OUT, "stop"))
        await self.runner.opt_in(person)
        pool = self.runner.model.pool_of(number)
        if pool is not None:
            options = StartOptions(number) if is_named else options
            await self.runner.create(pool, [person], options)

    @rule(when=Rules.kept, index=draws.index, person=draws.one_of(*PEOPLE, *("",) * len(PEOPLE)))
    async def client_ends(self, index: int, person: str) -> None:
        await self.runner.end_conversation(at(index, self.kept()), person)

    @rule(when=Rules.kept, index=draws.index, author_index=draws.index)
    async def client_sends_for_a_participant(self, index: int, author_index: int) -> None:
        conversation = at(index, self.kept())
        author = at(author_index, [*conversation.people, *PEOPLE])
        await self.runner.send(conversation, author, f"~w{next(self.runner.ids)}~")

    @rule(when=Rules.kept, index=draws.index)
    async def client_sends_to_both(self, index: int) -> None:
        body = f"~s{next(self.runner.ids)}~ from the system"
        await self.runner.send(at(index, self.kept()), "", body)

    @rule(when=Rules.kept, index=draws.index, change=draws.update)
    async def client_updates(self, index: int, change: Update) -> None:
        await self.runner.update(at(index, self.kept()), change)

    @rule(when=Rules.kept, index=draws.index, recipient_index=draws.index)
    async def client_sends_to_one(self, index: int, recipient_index: int) -> None:
        conversation = at(index, self.kept())
        recipient = at(recipient_index, [*conversation.people, *PEOPLE])
        body = f"~s{next(self.runner.ids)}~ from the system"
        await self.runner.send(conversation, "", body, recipient)

    @rule(when=Rules.kept, index=draws.index)
    async def client_pauses(self, index: int) -> None:
        await self.runner.pause(at(index, self.kept()))

    @rule(when=Rules.kept, index=draws.index)
    async def client_resumes(self, index: int) -> None:
        await self.runner.resume(at(index, self.kept()))

    @rule(
        when=Rules.active,
        index=draws.index,
        messages=draws.number_of(draws.pair_of(draws.between(0, 1), draws.body), 2, 5),
        resumes=draws.boolean,
    )
    async def client_pauses_and_messages_are_held(
        self, index: int, messages: Sequence[tuple[int, Typed]], resumes: bool
    ) -> None:
        conversation = at(index, self.active())
        await self.runner.pause(conversation)
        routes = [(conversation.number, person) for person in conversation.people]
        await self.receive(*(self.message(routes[side], *typed) for side, typed in messages))
        if resumes:
            await self.runner.resume(conversation)

    @rule(when=Rules.ended, index=draws.index)
    async def client_reopens(self, index: int) -> None:
        await self.runner.reopen(at(index, self.ended()))

    @rule(when=lambda self: self.ended_pairs(), index=draws.index, typed=draws.command)
    async def client_reopens_after_the_cool_off(self, index: int, typed: Typed) -> None:
        conversation = at(index // 2, self.ended_pairs())
        await self.runner.move_clock(MAIN.settings.lifecycle.cool_off, runs_jobs=True)
        route = (conversation.number, conversation.people[index % 2])
        await self.receive(self.message(route, *typed))
        if conversation in self.kept():
            await self.runner.reopen(conversation)

    @rule(when=lambda self: self.repeatable_calls(), index=draws.index)
    async def client_repeats_a_call(self, index: int) -> None:
        await self.runner.repeat(at(index, self.repeatable_calls()))

    @rule(when=lambda self: self.changeable_calls(), index=draws.index)
    async def client_uses_an_id_for_another_call(self, index: int) -> None:
        await self.runner.reuse_id(*at(index, self.changeable_calls()))

    @rule(person=draws.person, opts_in=draws.one_of(True, True, True, False))
    async def client_opts_in_or_out(self, person: str, opts_in: bool) -> None:
        await (self.runner.opt_in(person) if opts_in else self.runner.opt_out(person))

    @rule(person=draws.person)
    async def client_erases(self, person: str) -> None:
        await self.runner.erase(person)

    @rule(when=Rules.kept, index=draws.index, later=draws.boolean)
    async def client_erases_a_participant(self, index: int, later: bool) -> None:
        conversation = at(index // 2, self.kept())
        if later:
            await self.runner.move_clock(TICK, runs_jobs=False)
        await self.runner.erase(at(index, conversation.people))

    def ended_pairs(self) -> list[Conversation]:
        return [conversation for conversation in self.ended() if len(conversation.people) > 1]

    def pairs(self) -> list[list[str]]:
        """Blocked pairs, then the last pairs whose conversation ended."""
        blocked = {pair for pool in self.runner.model.pools.values() for pair in pool.blocked}
        past = [list(conversation.people) for conversation in self.runner.model.past[-5:]]
        return sorted(map(sorted, blocked)) + past

    def repeatable_calls(self) -> list[CompletedCall]:
        """Calls with a stored response: a conversation that is gone cannot be reopened."""
        kept = {conversation.conversation_id for conversation in self.kept()}
        return [
            call
            for call in self.runner.completed[:-REPEATABLE:-1]
            if not isinstance(call.request, pb.ReopenConversationRequest)
            or call.request.conversation_id in kept
        ]

    def changeable_calls(self) -> list[tuple[CompletedCall, str]]:
        """Calls, each with a field whose change makes another call of it."""
        recent = self.runner.completed[:-REPEATABLE:-1]
        fields = ((call, _CHANGEABLE_FIELDS.get(type(call.request), "")) for call in recent)
        return [(call, field) for call, field in fields if field]
