"""Rules of people, who text, and of the carrier, which delivers their messages and receipts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from model.operator_calls import OperatorCalls
from model.reference.inbound_context import InboundMessage
from model.rules import draws
from model.rules.base import Route, Rules, at, rule
from model.rules.draws import WRONG_CODE, Typed

from conversation_service.domain.keywords.keywords import Keyword

# The carrier repeats one of the last messages. The service remembers an id for 72 hours.
REPEATABLE, REPEATABLE_FOR = 40, timedelta(hours=70)


@dataclass(frozen=True)
class Received:
    """A message, and the pool that had its number."""

    time: datetime
    pool: str
    message: InboundMessage


class InboundRules(Rules):
    """Messages, alone and in batches, once and again."""

    def __init__(self, runner: OperatorCalls) -> None:
        super().__init__(runner)
        self._received: list[Received] = []

    @rule(index=draws.index, typed=draws.body, files=draws.files)
    async def message_arrives(self, index: int, typed: Typed, files: tuple[str, ...]) -> None:
        await self._receive_new(self.message(self.route(index), *typed, files=files))

    @rule(index=draws.index, typed=draws.command)
    async def keyword_arrives(self, index: int, typed: Typed) -> None:
        await self._receive_new(self.message(self.route(index), *typed))

    @rule(when=Rules.active, index=draws.index, typed=draws.body)
    async def message_to_partner_arrives(self, index: int, typed: Typed) -> None:
        route, _ = self.routes_of_active(index)
        await self._receive_new(self.message(route, *typed))

    @rule(when=Rules.active, index=draws.index, body=draws.one_of("", " ", "{}"), files=draws.files)
    async def files_to_partner_arrive(self, index: int, body: str, files: tuple[str, ...]) -> None:
        route, _ = self.routes_of_active(index)
        await self._receive_new(self.message(route, Keyword.TALK, body, files=files))

    @rule(
        when=lambda self: self.runner.sent,
        index=draws.index,
        is_delivered=draws.one_of(False, False, True),
    )
    async def receipt_arrives(self, index: int, is_delivered: bool) -> None:
        message = at(index, self.runner.sent[::-1])
        await self.runner.report(message, is_delivered=is_delivered)

    @rule(
        when=Rules.waiting,
        person=draws.person,
        index=draws.index,
        elsewhere=draws.one_of(False, False, False, True),
    )
    async def join_arrives(self, person: str, index: int, elsewhere: bool) -> None:
        conversation = at(index, self.waiting())
        numbers = self.pool(conversation.pool).numbers
        others = [number for number in numbers if number != conversation.number]
        number = at(index, others) if elsewhere and others else conversation.number
        await self._receive_new(self._join((number, person), conversation.code))

    @rule(index=draws.index, code_index=draws.index, ends=draws.boolean)
    async def some_code_arrives(self, index: int, code_index: int, ends: bool) -> None:
        code = at(code_index, [WRONG_CODE, *self.runner.used_codes[-5:]])
        route = self.route(index)
        end = self.message(route, Keyword.END, f"end {code}", code)
        await self._receive_new(end if ends else self._join(route, code))

    @rule(index=draws.index, attempts=draws.between(3, 6))
    async def wrong_codes_arrive(self, index: int, attempts: int) -> None:
        number, person = self.route(index)
        right = [one.code for one in self.waiting() if one.number == number]
        codes = [WRONG_CODE] * attempts + right[:1]
        await self._receive_new(*(self._join((number, person), code) for code in codes))

    @rule(index=draws.index, typed=draws.command, times=draws.between(8, 14))
    async def keyword_arrives_many_times(self, index: int, typed: Typed, times: int) -> None:
        route = self.route(index)
        batch = [self.message(route, *typed) for _ in range(times)]
        await self._receive_new(*batch, self.message(route, Keyword.START, "start"))

    @rule(index=draws.index)
    async def old_opt_out_arrives_again(self, index: int) -> None:
        route = self.route(index)
        opt_out = self.message(route, Keyword.OPT_OUT, "quit")
        await self._receive_new(opt_out)
        await self._receive_new(self.message(route, Keyword.YES, "yes"))
        await self._receive_new(self.message(route, Keyword.START, "start"))
        await self._receive_new(opt_out)

    @rule(index=draws.index, returns=draws.boolean)
    async def old_erasure_arrives_again(self, index: int, returns: bool) -> None:
        route = self.route(index)
        erasure = self.message(route, Keyword.ERASE, "erase my data")
        await self._receive_new(erasure)
        if returns:
            await self._receive_new(self.message(route, Keyword.START, "start"))
        await self.receive(erasure)

    @rule(when=Rules.active, index=draws.index, typed=draws.body, returns=draws.boolean)
    async def messages_and_an_erasure_arrive_together(
        self, index: int, typed: Typed, returns: bool
    ) -> None:
        mine, theirs = self.routes_of_active(index)
        batch = [
            self.message(mine, *typed),
            self.message(theirs, *typed),
            self.message(mine, Keyword.ERASE, "erase my data"),
            self.message(theirs, *typed),
        ]
        if returns:
            batch.append(self.message(mine, Keyword.START, "start"))
        await self._receive_new(*batch)

    @rule(
        messages=draws.number_of(draws.pair_of(draws.index, draws.typed), 2, 5),
        number=draws.masked_number,
    )
    async def messages_arrive_together(
        self, messages: Sequence[tuple[int, Typed]], number: str
    ) -> None:
        numbers = self._ordered_numbers(number)
        await self._receive_new(
            *(self.message(self.route(index, numbers), *typed) for index, typed in messages)
        )

    @rule(index=draws.index, typed=draws.command)
    async def message_arrives_twice_in_a_batch(self, index: int, typed: Typed) -> None:
        message = self.message(self.route(index), *typed)
        await self._receive_new(message, message)

    @rule(when=Rules.active, index=draws.index, turns=draws.between(2, 24))
    async def auto_responders_reply_to_each_other(self, index: int, turns: int) -> None:
        routes = self.routes_of_active(index)
        await self._receive_new(
            *(
                self.message(routes[turn % 2], Keyword.TALK, f"Away {turn % 2}.")
                for turn in range(turns)
            )
        )

    @rule(when=lambda self: self.repeatable(), index=draws.index, opt_outs_first=draws.boolean)
    async def message_arrives_again(self, index: int, opt_outs_first: bool) -> None:
        messages = self.repeatable()
        opt_outs = [message for message in messages if message.keyword is Keyword.OPT_OUT]
        await self.receive(at(index, (opt_outs_first and opt_outs) or messages))

    def _join(self, route: Route, code: str) -> InboundMessage:
        return self.message(route, Keyword.JOIN, f"Join {code[:3].lower()}-{code[3:]}", code)

    async def _receive_new(self, *batch: InboundMessage) -> None:
        model = self.runner.model
        for message in batch:
            pool = model.pool_of(message.number)
            self._received.append(Received(model.now, pool.name if pool else "", message))
        await self.receive(*batch)

    def _ordered_numbers(self, number: str) -> list[str]:
        """Numbers between which the messages of one person keep their order.

        A replica that looks for a moved number in its old pool handles its messages after others.
        """
        model = self.runner.model
        pool = model.pool_of(number)
        if pool is None or number in model.moved:
            return [number]
        return [other for other in pool.numbers if other not in model.moved]

    def repeatable(self) -> list[InboundMessage]:
        """Messages that the carrier may send again, while the same pool has their number."""
        model = self.runner.model
        since = model.now - REPEATABLE_FOR
        return [
            received.message
            for received in self._received[:-REPEATABLE:-1]
            if received.time > since
            and model.pool_of(received.message.number) in (None, model.pools.get(received.pool))
        ]
