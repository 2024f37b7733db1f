"""The promises of DESIGN.md, section 4, asked of what was really sent and shown."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from conversation_service.domain.templates.catalog import Template
from maskline.messaging.v1.messaging_pb2 import OutboundMessage

from model.people import MARK, NUMBERS, PEOPLE
from model.reference.state import Model
from model.reference.records import Spoken

# Without the country code: so a number is found however it is written in front.
_BYTES = tuple(number[2:].encode() for number in PEOPLE)
_WORDS = re.compile(rb"~[sw]\d+~")
_MASKED = tuple(number[2:].encode() for number in NUMBERS)


def shows_nobody(given: bytes) -> None:
    """Nothing that anybody is given holds a person's number."""
    assert not any(digits in given for digits in _BYTES), "a person's number is shown"


def tells_nothing(answer: bytes) -> None:
    """No answer and no event holds a person's number or what anybody said."""
    shows_nobody(answer)
    assert not _WORDS.search(answer), "what somebody said is shown"


def is_unreadable(stored: Iterable[bytes]) -> None:
    """Neither numbers nor words lie in Redis in clear."""
    for value in stored:
        tells_nothing(value)
        assert not any(digits in value for digits in _MASKED), "a masked number lies in clear"


@dataclass
class Ledger:
    """What has arrived in the example so far."""

    arrived: set[str] = field(default_factory=set)
    last: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))

    def check(self, sent: Sequence[OutboundMessage], model: Model) -> None:
        """Everything sent since the last check."""
        for text in sent:
            shows_nobody(text.body.encode())
            for mark in MARK.findall(text.body):
                self._check_words(mark, text, model)
        _check_opt_outs(sent, model)

    def _check_words(self, mark: str, text: OutboundMessage, model: Model) -> None:
        spoken = model.spoken.get(mark)
        assert spoken, "words reached somebody although nobody should hear them"
        assert mark not in self.arrived, "words were relayed twice"
        assert (text.from_number, text.to_number) == (spoken.number, spoken.partner)
        assert not _rests_for(spoken, model), "a late text reached a new partner"
        lane = (spoken.number, spoken.author, spoken.partner)
        assert self.last[lane] < int(mark), "words overtook each other"
        self.last[lane] = int(mark)
        self.arrived.add(mark)


def _rests_for(spoken: Spoken, model: Model) -> bool:
    """Whether its author had just ended a conversation with somebody else on the number."""
    cool_off = model.pools[spoken.pool].settings.cool_off
    return any(
        (past.pool, past.number) == (spoken.pool, spoken.number)
        and spoken.author in past.people
        and spoken.partner not in past.people
        and past.time <= spoken.time < past.time + cool_off
        for past in model.past
    )


def _check_opt_outs(sent: Sequence[OutboundMessage], model: Model) -> None:
    """Who is opted out now was sent nothing, but for one confirmation of each opt-out."""
    if not model.opted_out or not sent:
        return
    pools = model.pools.values()
    confirmations = {pool.speech.say(Template.OPTED_OUT) for pool in pools} | {
        pool.speech.say(Template.ERASED, receipt=one) for pool in pools for one in model.erasures
    }
    for person in model.opted_out:
        told = [one.body for one in sent if one.to_number == person]
        assert set(told) <= confirmations, "somebody who opted out was sent a text"


def by_lane(sent: Iterable[tuple[str, str, str]]) -> Mapping[tuple[str, str], list[str]]:
    """Bodies by masked number and receiver, in order: other order is not promised."""
    lanes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for number, to, body in sent:
        lanes[number, to].append(body)
    return lanes
