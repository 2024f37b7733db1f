"""Does every act to the service and to the model, then compares both."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from model.checks import state as state_checks
from model.checks.events import EventChecks
from model.checks.invariants import Deliveries, by_route
from model.checks.stored import nothing_in_plain_text
from model.deployment import Deployment
from model.people import PEOPLE
from model.reference import carrier, inbound
from model.reference.inbound_context import PICTURE, InboundMessage
from model.reference.lifecycle import due, expire, is_purged, purge, warn
from model.reference.records import PICTURE_MARK, Conversation, ExpectedMessage
from model.reference.state import Model, new_model

from conversation_service.domain.keywords import join_codes
from conversation_service.domain.keywords.keywords import Keyword
from maskline.ingest.v1 import ingest_pb2
from maskline.messaging.v1.messaging_pb2 import OutboundMessage

_CODE = re.compile(rf"\b[{join_codes.ALPHABET}]{{{join_codes.LENGTH}}}\b")
# In English and in Spanish.
_ERASURE_ID = re.compile(r"\((receipt|recibo) \S+\)")
# Checks that cost more than a step run after so many steps, and at the end.
STATE_INTERVAL, STORAGE_INTERVAL = 4, 40

# Receipts arrive for the last messages. The service knows a message for a week.
REPORTABLE, KNOWN_FOR = 40, timedelta(days=7)

_OUTCOMES = {
    "ACCEPTED": {ingest_pb2.INGEST_OUTCOME_ACCEPTED},
    "REPEATED": {ingest_pb2.INGEST_OUTCOME_REPEATED},
    "MASKED_NUMBER_NOT_FOUND": {ingest_pb2.INGEST_OUTCOME_REFUSED},
    # A replica may or may not remember the pool of a removed number.
    "REPEATED_OR_UNKNOWN": {ingest_pb2.INGEST_OUTCOME_REPEATED, ingest_pb2.INGEST_OUTCOME_REFUSED},
}


@dataclass(frozen=True)
class SentMessage:
    """A message that the carrier has accepted."""

    message_id: str
    time: datetime
    expected: ExpectedMessage


@dataclass
class Runner:
    """The service and the model of one example."""

    deployment: Deployment
    model: Model = field(init=False)
    deliveries: Deliveries = field(default_factory=Deliveries)
    events: EventChecks = field(default_factory=EventChecks)
    used_codes: list[str] = field(default_factory=list)
    ids: "count[int]" = field(default_factory=lambda: count(1))
    steps: int = 0
    # The last messages that the carrier accepted, and the ids of those with a receipt.
    sent: list[SentMessage] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.model = new_model(self.deployment.clock.now())

    async def receive(self, batch: Sequence[InboundMessage]) -> None:
        """Messages arrive in one call."""
        if any(message.keyword is Keyword.ERASE for message in batch):
            await self.purge_what_is_due()
        request = ingest_pb2.IngestMessagesRequest(messages=map(_to_proto, batch))
        response = await self.deployment.call(request, ingest_pb2.IngestMessagesResponse)
        assert not isinstance(response, str), response
        expected = [inbound.receive(self.model, message) for message in batch]
        for message in batch:
            inbound.follow_up(self.model, message)
        outcomes = [result.outcome for result in response.results]
        for outcome, name in zip(outcomes, expected, strict=True):
            assert outcome in _OUTCOMES[name], f"{outcomes}, expected {expected}"
        await self.settle()

    async def report(self, message: SentMessage, *, is_delivered: bool) -> None:
        """The carrier reports that a message was delivered or failed."""
        await self.deployment.report(message.message_id, is_delivered=is_delivered)
        is_known = self.model.now - message.time < KNOWN_FOR
        if is_known and not is_delivered and message.message_id not in self.reported:
            carrier.fail(self.model, message.expected)
        self.reported.add(message.message_id)
        await self.settle()

    async def move_clock(self, by: timedelta, *, runs_jobs: bool) -> None:
        """Jobs run now, or only after the next act."""
        await self.deployment.move_clock(by)
        self.model.now = self.deployment.clock.now()
        if runs_jobs:
            await self.settle()

    async def purge_what_is_due(self) -> None:
        """An erasure may or may not count conversations that the next job purges."""
        if any(is_purged(self.model, one) for one in self.model.conversations):
            await self.settle()

    async def settle(self) -> None:
        """Waits for all effects of the act and compares them with the model."""
        await self.deployment.settle(runs_jobs=bool(due(self.model)))
        expire(self.model)
        warn(self.model)
        purge(self.model)
        expected, sent = carrier.deliver(self.model), self.deployment.sent()
        self._learn_codes(sent)
        self._compare_sent(sent, expected)
        self._remember(sent, expected)
        self.deliveries.check(sent, self.model)
        await state_checks.learn_ids(self.deployment, self.model)
        self.steps += 1
        await self._check_at_intervals()

    async def finish(self) -> None:
        """All checks at the end of an example."""
        await self.settle()
        await state_checks.same_state(self.deployment, self.model)
        await self.events.check(self.deployment, self.model)
        await nothing_in_plain_text(self.deployment)

    async def _check_at_intervals(self) -> None:
        index = self.steps // STATE_INTERVAL
        if self.steps % STATE_INTERVAL == 0:
            pool = [*self.model.pools][index % len(self.model.pools)]
            person = PEOPLE[index % len(PEOPLE)]
            await state_checks.same_pool(self.deployment, self.model, pool)
            await state_checks.same_opt_out(self.deployment, self.model, person)
            await state_checks.same_erasures(self.deployment, self.model)
        if self.steps % STORAGE_INTERVAL == 0:
            await self.events.check(self.deployment, self.model)
            await nothing_in_plain_text(self.deployment)

    def _compare_sent(
        self, sent: Sequence[OutboundMessage], expected: Sequence[ExpectedMessage]
    ) -> None:
        bodies = by_route((one.from_number, one.to_number, _shown_body(one)) for one in sent)
        expected_bodies = by_route(
            (one.number, one.to, carrier.body_of(self.model, one)) for one in expected
        )
        assert bodies == expected_bodies, f"sent {dict(bodies)}, expected {dict(expected_bodies)}"

    def _remember(
        self, sent: Sequence[OutboundMessage], expected: Sequence[ExpectedMessage]
    ) -> None:
        """Pairs sent and expected messages: both are in order on each route."""
        ids = by_route((one.from_number, one.to_number, one.message_id) for one in sent)
        for message in expected:
            message_id = ids[message.number, message.to].pop(0)
            self.sent.append(SentMessage(message_id, self.model.now, message))
        del self.sent[:-REPORTABLE]

    def _learn_codes(self, sent: Sequence[OutboundMessage]) -> None:
        for message in sent:
            body = _ERASURE_ID.sub("", message.body)
            for code in _CODE.findall(body):
                if join_codes.is_code_shaped(code) and code not in self.used_codes:
                    self.used_codes.append(code)
                    self._without_code(message.from_number, message.to_number).code = code
        for conversation in self.model.conversations:
            # A code that was not sent at once is never sent.
            conversation.has_code = conversation.code != ""

    def _without_code(self, number: str, person: str) -> Conversation:
        """The first conversation that a person started on a number and whose code is unknown."""
        return next(
            conversation
            for conversation in self.model.conversations
            if (conversation.number, conversation.people[0]) == (number, person)
            and conversation.has_code
            and not conversation.code
        )


def _shown_body(message: OutboundMessage) -> str:
    return message.body + PICTURE_MARK * len(message.attachments)


def _to_proto(message: InboundMessage) -> ingest_pb2.InboundMessage:
    files = [
        ingest_pb2.Attachment(
            # A file that nobody can fetch is refused before its content is known.
            url=f"https://media.example.net/{index}" if file == PICTURE else "",
            content_type=file,
            size_bytes=9,
        )
        for index, file in enumerate(message.files)
    ]
    return ingest_pb2.InboundMessage(
        carrier_message_id=message.message_id,
        from_number=message.person,
        to_number=message.number,
        body=message.body,
        attachments=files,
    )
