"""One example: every act is done to the real service and to the model, then both are compared."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from conversation_service.domain.keywords import join_codes as codes
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.messaging.v1.messaging_pb2 import OutboundMessage

from . import checks, post, texts
from model.checks.stored import nothing_in_clear
from model.people import PEOPLE
from model.checks.events import EventBook
from model.checks.invariants import Ledger, by_lane
from model.reference.lifecycle import due, expire, forget, warn
from model.reference.inbound_context import Text
from model.reference.state import Model, new_model
from model.reference.records import PICTURE_MARK, Out, Talk
from model.deployment import World

_CODE = re.compile(rf"\b[{codes.ALPHABET}]{{{codes.LENGTH}}}\b")
# In English and in Spanish.
_RECEIPT = re.compile(r"\((receipt|recibo) \S+\)")
# What costs more than a step is looked at this often, and at the end.
LOOKS_EVERY, READS_EVERY = 4, 40

# Receipts come for so many of the last texts, and a message is remembered for a week.
REPORTABLE, REMEMBERED_FOR = 40, timedelta(days=7)

_OUTCOMES = {
    "ACCEPTED": {pb.RECEIVE_OUTCOME_ACCEPTED},
    "REPEATED": {pb.RECEIVE_OUTCOME_REPEATED},
    "UNKNOWN_MASKED_NUMBER": {pb.RECEIVE_OUTCOME_REFUSED},
    # Of a number that is gone a replica may or may not remember whose it was.
    "REPEATED_OR_UNKNOWN": {pb.RECEIVE_OUTCOME_REPEATED, pb.RECEIVE_OUTCOME_REFUSED},
}


@dataclass(frozen=True)
class Arrived:
    """A text that the carrier has."""

    message_id: str
    time: datetime
    out: Out


@dataclass
class Play:
    """The service and the model, side by side."""

    world: World
    model: Model = field(init=False)
    ledger: Ledger = field(default_factory=Ledger)
    events: EventBook = field(default_factory=EventBook)
    used_codes: list[str] = field(default_factory=list)
    ids: "count[int]" = field(default_factory=lambda: count(1))
    settled: int = 0
    # What the carrier has taken, the oldest first, and of which it has said what became of it.
    arrived: list[Arrived] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.model = new_model(self.world.clock.now())

    async def receive(self, batch: Sequence[Text]) -> None:
        """Texts come in together."""
        request = pb.ReceiveMessagesRequest(messages=map(_inbound, batch))
        response = await self.world.ask(request, pb.ReceiveMessagesResponse)
        assert not isinstance(response, str), response
        expected = [texts.receive(self.model, text) for text in batch]
        for text in batch:
            texts.follow(self.model, text)
        outcomes = [one.outcome for one in response.results]
        fits = [one in _OUTCOMES[told] for one, told in zip(outcomes, expected, strict=True)]
        assert all(fits), f"{outcomes}, not {expected}"
        await self.settle()

    async def report(self, text: Arrived, *, arrives: bool) -> None:
        """The carrier says of a text that its handset has it, or never will."""
        await self.world.report(text.message_id, arrives=arrives)
        is_remembered = self.model.now - text.time < REMEMBERED_FOR
        if is_remembered and not arrives and text.message_id not in self.reported:
            post.fail(self.model, text.out)
        self.reported.add(text.message_id)
        await self.settle()

    async def time_passes(self, by: timedelta, *, sweeps: bool) -> None:
        """Time goes by; the sweeper comes now, or only after the next act."""
        await self.world.move(by)
        self.model.now = self.world.clock.now()
        if sweeps:
            await self.settle()

    async def settle(self) -> None:
        """Everything that the act brings about has happened, and is as the model expects."""
        await self.world.settle(sweeps=bool(due(self.model)))
        expire(self.model)
        warn(self.model)
        forget(self.model)
        expected = post.deliver(self.model)
        sent = self.world.sent()
        self._learn_codes(sent)
        seen = by_lane((one.from_number, one.to_number, _shown(one)) for one in sent)
        told = by_lane((one.number, one.to, post.body(self.model, one)) for one in expected)
        assert seen == told, f"sent {dict(seen)}, expected {dict(told)}"
        self._remember(sent, expected)
        self.ledger.check(sent, self.model)
        await checks.learn_ids(self.world, self.model)
        self.settled += 1
        await self._look(self.settled)

    async def end(self) -> None:
        """The last looks."""
        await self.settle()
        await checks.same_state(self.world, self.model)
        await self.events.check(self.world, self.model)
        await nothing_in_clear(self.world)

    async def _look(self, steps: int) -> None:
        look = steps // LOOKS_EVERY
        if steps % LOOKS_EVERY == 0:
            pools = list(self.model.pools)
            await checks.same_pool(self.world, self.model, pools[look % len(pools)])
            await checks.same_wish(self.world, self.model, PEOPLE[look % len(PEOPLE)])
            await checks.same_erasures(self.world, self.model)
        if steps % READS_EVERY == 0:
            await self.events.check(self.world, self.model)
            await nothing_in_clear(self.world)

    def _remember(self, sent: Sequence[OutboundMessage], expected: Sequence[Out]) -> None:
        """Which message each expected text became: both are in order on each line."""
        lines = by_lane((one.from_number, one.to_number, one.message_id) for one in sent)
        for out in expected:
            message_id = lines[out.number, out.to].pop(0)
            self.arrived.append(Arrived(message_id, self.model.now, out))
        del self.arrived[:-REPORTABLE]

    def _learn_codes(self, sent: Sequence[OutboundMessage]) -> None:
        for text in sent:
            body = _RECEIPT.sub("", text.body)
            found = {code for code in _CODE.findall(body) if codes.is_code_shaped(code)}
            for code in found.difference(self.used_codes):
                self.used_codes.append(code)
                self._nameless(text.from_number, text.to_number).code = code
        for talk in self.model.talks:
            # A code that was kept from its person is never known.
            talk.has_code = talk.code != ""

    def _nameless(self, number: str, person: str) -> Talk:
        """The first conversation that a person began on a number and whose code is unknown."""
        talks = (one for one in self.model.talks if (one.number, one.people[0]) == (number, person))
        return next(talk for talk in talks if talk.has_code and not talk.code)


def _shown(text: OutboundMessage) -> str:
    return text.body + PICTURE_MARK * len(text.attachments)


def _inbound(text: Text) -> pb.InboundMessage:
    files = [
        pb.MediaAttachment(url=f"https://media.example.net/{at}", content_type=file, size_bytes=9)
        for at, file in enumerate(text.files)
    ]
    return pb.InboundMessage(
        carrier_message_id=text.text_id,
        from_number=text.person,
        to_number=text.number,
        body=text.body,
        attachments=files,
    )
