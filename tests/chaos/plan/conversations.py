"""What is said in a fault run: all of it follows from the seed, whatever the timing makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from chaos.plan.limits import GIVEN_UP_SECONDS

MASKED_NUMBERS = tuple(f"+120655501{one:02}" for one in range(6))
# As many as the simulator holds. 16 pairs a lane: a phone comes again after more than ten minutes,
# for a person gets no more than ten answers in ten minutes.
PHONES = tuple(f"+1{area}55501{one:02}" for area in (301, 302) for one in range(100))
LANES = 6

# Every text of a person begins so, and none of Maskline's does.
TALK_MARK = "~"
# How many texts two people type in one conversation.
LEAST_SAID, MOST_SAID = 8, 16
# A pause between two texts of one person; all of them are busy at once.
LONGEST_PAUSE_SECONDS = 1.5

# Plain, as UCS-2, from right to left, in several segments, and what looks like a command.
_WORDS = (
    "see you at the door",
    "the end of the road, start the car",
    "ça va? 😀",
    "مرحبا",
    "a long story " * 24,
    "ok",
)


Fault = Mapping[str, object]

# The carrier refuses a text, or reports that it failed. Senders are told once a minute at most, so
# this befalls one text of a person in a meeting.
FAILURES: tuple[Fault, ...] = (
    {"kind": "status", "status": 422},
    {"kind": "receipts_failing", "status_code": 1007},
)
FAILING = 0.3
# The carrier does not take a text, and the sender cannot know. A text is sent again twice at most,
# so this is not left to chance: none of them befalls a text more than once.
NOT_TAKEN: tuple[Fault, ...] = (
    {"kind": "reset"},
    {"kind": "hang", "seconds": GIVEN_UP_SECONDS},
    {"kind": "status", "status": 500},
)
NOT_TAKEN_SHARE = 0.07


@dataclass(frozen=True, slots=True)
class Utterance:
    """One text. A patient sender waits until the one before was taken; `side` is 0 or 1."""

    side: int
    body: str
    pause_seconds: float
    is_patient: bool
    # What goes wrong with these words, and whether they need not arrive then.
    faults: tuple[Fault, ...] = ()
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation of two phones on a masked number, from its start to its end."""

    name: str
    number: str
    phones: tuple[str, str]
    said: tuple[Utterance, ...]
    ended_by: int

    def of(self, side: int) -> tuple[Utterance, ...]:
        """What one of the two types, in order."""
        return tuple(one for one in self.said if one.side == side)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Conversations of one pair on different numbers, at once or one after the other."""

    sessions: tuple[Session, ...]
    at_once: bool


def meetings(seed: int, lane: int) -> Iterator[Meeting]:
    """What the people of one lane do, pair after pair, without an end."""
    random = Random(f"{seed} talk {lane}")
    phones = PHONES[lane::LANES]
    pairs = len(phones) // 2
    for number in count():
        # In each round of the ring everybody meets somebody else.
        first = phones[2 * (number % pairs)]
        second = phones[(2 * (number % pairs + number // pairs) + 1) % (2 * pairs)]
        yield _meeting(random, f"{lane}.{number}", (first, second))


def _meeting(random: Random, name: str, phones: tuple[str, str]) -> Meeting:
    numbers = random.sample(MASKED_NUMBERS, 2)
    sessions = [
        _session(random, f"{name}.{at}", number, phones) for at, number in enumerate(numbers)
    ]
    for side in (0, 1):
        if random.random() < FAILING:
            at = random.randrange(len(sessions))
            sessions[at] = _failing(random, sessions[at], side)
    return Meeting(tuple(sessions), at_once=random.random() < 0.3)


def _failing(random: Random, session: Session, side: int) -> Session:
    """One text of a side fails; none whose words come twice, nor if there is no other."""
    bodies = [one.body for one in session.said]
    may_be = [one for one in session.of(side) if bodies.count(one.body) == 1]
    if not may_be:
        return session
    unlucky, failure = random.choice(may_be), random.choice(FAILURES)
    failing = replace(unlucky, faults=(*unlucky.faults, failure), may_fail=True)
    said = (failing if one is unlucky else one for one in session.said)
    return replace(session, said=tuple(said))


def _session(random: Random, name: str, number: str, phones: tuple[str, str]) -> Session:
    texts = random.randint(LEAST_SAID, MOST_SAID)
    # A hasty person types on, so that texts are under way to the gateway at the same time.
    patient = tuple(random.random() < 0.8 for _ in phones)
    said: list[Utterance] = []
    for at in range(texts):
        side = random.randrange(2)
        body = f"{TALK_MARK}{name}.{side}.{at} {random.choice(_WORDS)}".strip()
        pause = random.uniform(0, LONGEST_PAUSE_SECONDS)
        # The same words twice in a row are two texts.
        times = 2 if random.random() < 0.15 else 1
        is_spoilt = times == 1 and random.random() < NOT_TAKEN_SHARE
        faults = (random.choice(NOT_TAKEN),) if is_spoilt else ()
        said += [Utterance(side, body, pause, patient[side], faults)] * times
    return Session(name, number, phones, tuple(said), ended_by=random.randrange(2))
