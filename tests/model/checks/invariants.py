"""Guarantees of DESIGN.md, section 4, checked on what was sent, shown and stored."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from model.people import MARK, NUMBERS, PEOPLE
from model.reference.records import AcceptedBody
from model.reference.state import Model

from conversation_service.domain.templates.catalog import Template
from maskline.messaging.v1.messaging_pb2 import OutboundMessage

# Without the country code: this finds a number in every format.
_PEOPLE = tuple(number[2:].encode() for number in PEOPLE)
_MASKED = tuple(number[2:].encode() for number in NUMBERS)
_BODIES = re.compile(rb"~[sw]\d+~")


def shows_no_number(content: bytes) -> None:
    assert not any(digits in content for digits in _PEOPLE), "a person's number is shown"


def shows_nothing_private(content: bytes) -> None:
    """No response, event or log has a person's number or a body."""
    shows_no_number(content)
    assert not _BODIES.search(content), "a body is shown"


def is_encrypted(stored: Iterable[bytes]) -> None:
    """No value of Redis shows a number or a body."""
    for value in stored:
        shows_nothing_private(value)
        assert not any(digits in value for digits in _MASKED), "a masked number is not encrypted"


@dataclass
class Deliveries:
    """All bodies that the carrier has received in the example."""

    marks: set[str] = field(default_factory=set)
    last: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))

    def check(self, sent: Sequence[OutboundMessage], model: Model) -> None:
        """`sent` is new since the last check."""
        for message in sent:
            shows_no_number(message.body.encode())
            for mark in MARK.findall(message.body):
                self._check_body(mark, message, model)
        _check_opt_outs(sent, model)

    def _check_body(self, mark: str, message: OutboundMessage, model: Model) -> None:
        accepted = model.accepted_bodies.get(mark)
        assert accepted, "a body reached somebody although nobody should receive it"
        assert mark not in self.marks, "a body was relayed twice"
        route = (message.from_number, message.to_number)
        assert route == (accepted.number, accepted.partner), "a body was misrouted"
        assert not _was_cooling_off(accepted, model), "a late message reached a new partner"
        direction = (accepted.number, accepted.author, accepted.partner)
        assert self.last[direction] < int(mark), "messages changed their order"
        self.last[direction] = int(mark)
        self.marks.add(mark)


def _was_cooling_off(accepted: AcceptedBody, model: Model) -> bool:
    """Whether the author had just ended a conversation with somebody else on the number."""
    cool_off = model.pools[accepted.pool].settings.lifecycle.cool_off
    return any(
        (past.pool, past.number) == (accepted.pool, accepted.number)
        and accepted.author in past.people
        and accepted.partner not in past.people
        and past.time <= accepted.time < past.time + cool_off
        for past in model.past
    )


def _check_opt_outs(sent: Sequence[OutboundMessage], model: Model) -> None:
    """People who are opted out got nothing but the confirmation, and help."""
    if not model.opted_out or not sent:
        return
    catalogs = [pool.catalog for pool in model.pools.values()]
    answers = (Template.OPTED_OUT, Template.HELP)
    confirmations = {
        catalog.render(template) for catalog, template in product(catalogs, answers)
    } | {
        catalog.render(Template.ERASED, receipt=erasure_id)
        for catalog in catalogs
        for erasure_id in model.erasures
    }
    about_files = {catalog.render(Template.ATTACHMENT_NOT_PASSED_ON) for catalog in catalogs}
    confirmations |= {
        f"{body} {sentence}" for body, sentence in product(confirmations, about_files)
    }
    for person in model.opted_out:
        bodies = {message.body for message in sent if message.to_number == person}
        assert bodies <= confirmations, "a person who opted out received a message"


def by_route(sent: Iterable[tuple[str, str, str]]) -> Mapping[tuple[str, str], list[str]]:
    """The third values by masked number and receiver: only these have an order."""
    routes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for number, to, value in sent:
        routes[number, to].append(value)
    return routes
