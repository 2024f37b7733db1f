"""What people type in a fault run. It follows from the seed alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from chaos.plan.limits import GIVEN_UP_SECONDS

MASKED_NUMBERS = tuple(f"+120655501{one:02}" for one in range(6))
# As many as the simulator has. 16 pairs a lane: a phone is used again after more than ten minutes,
# as a person gets at most ten replies in ten minutes.
PHONES = tuple(f"+1{area}55501{one:02}" for area in (301, 302) for one in range(100))
LANES = 6

# Every body of a person begins so, and no system message does.
BODY_MARK = "~"
# The number of messages in one conversation.
LEAST_MESSAGES, MOST_MESSAGES = 8, 16
# Between two messages of one person.
LONGEST_PAUSE_SECONDS = 1.5

# ASCII, UCS-2, right to left, several segments, and what resembles a keyword.
_BODIES = (
    "see you at the door",
    "the end of the road, start the car",
    "ça va? 😀",
    "مرحبا",
    "a long story " * 24,
    "ok",
)


Fault = Mapping[str, object]

# The carrier refuses a message or reports that it failed. Senders are notified once a minute at
# most, so this happens to one message of a person in a meeting.
FAILURES: tuple[Fault, ...] = (
    {"kind": "status", "status": 422},
    {"kind": "receipts_failing", "status_code": 1007},
)
FAILING = 0.3
# A picture, which the carrier fetches from the gateway: while that is down, the carrier refuses the
# message. Therefore none of these persons has a failing message in the same meeting.
WITH_PICTURE = 0.3
# The carrier does not accept a message and the sender cannot know. A message is sent again twice at
# most, so this happens at most once to a message.
NOT_ACCEPTED: tuple[Fault, ...] = (
    {"kind": "reset"},
    {"kind": "hang", "seconds": GIVEN_UP_SECONDS},
    {"kind": "status", "status": 500},
)
NOT_ACCEPTED_SHARE = 0.07


@dataclass(frozen=True, slots=True)
class TypedMessage:
    """A patient sender waits until the message before was accepted. `side` is 0 or 1."""

    side: int
    body: str
    pause_seconds: float
    is_patient: bool
    # Faults of this body, and whether it need not arrive then.
    faults: tuple[Fault, ...] = ()
    may_fail: bool = False
    has_picture: bool = False


@dataclass(frozen=True, slots=True)
class PlannedConversation:
    """One conversation of two phones on a masked number, from its start to its end."""

    name: str
    number: str
    phones: tuple[str, str]
    messages: tuple[TypedMessage, ...]
    ended_by: int

    def of(self, side: int) -> tuple[TypedMessage, ...]:
        """What one of the two types, in order."""
        return tuple(one for one in self.messages if one.side == side)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Conversations of one pair on different numbers, at once or one after the other."""

    conversations: tuple[PlannedConversation, ...]
    at_once: bool


def meetings(seed: int, lane: int) -> Iterator[Meeting]:
    """The meetings of one lane, without an end."""
    random = Random(f"{seed} talk {lane}")
    phones = PHONES[lane::LANES]
    pairs = len(phones) // 2
    for number in count():
        # Each time around the ring everybody meets somebody else.
        first = phones[2 * (number % pairs)]
        second = phones[(2 * (number % pairs + number // pairs) + 1) % (2 * pairs)]
        yield _meeting(random, f"{lane}.{number}", (first, second))


def _meeting(random: Random, name: str, phones: tuple[str, str]) -> Meeting:
    numbers = random.sample(MASKED_NUMBERS, 2)
    conversations = [
        _conversation(random, f"{name}.{at}", number, phones) for at, number in enumerate(numbers)
    ]
    for side in (0, 1):
        drawn = random.random()
        if drawn < FAILING + WITH_PICTURE:
            at = random.randrange(len(conversations))
            change = _failing if drawn < FAILING else _with_picture
            conversations[at] = _with_one_changed(random, conversations[at], side, change)
    return Meeting(tuple(conversations), at_once=random.random() < 0.3)


def _with_one_changed(
    random: Random,
    conversation: PlannedConversation,
    side: int,
    change: Callable[[Random, TypedMessage], TypedMessage],
) -> PlannedConversation:
    """One message of a side is changed, if there is one whose body is typed once."""
    bodies = [message.body for message in conversation.messages]
    candidates = [message for message in conversation.of(side) if bodies.count(message.body) == 1]
    if not candidates:
        return conversation
    chosen = random.choice(candidates)
    changed = change(random, chosen)
    messages = (changed if message is chosen else message for message in conversation.messages)
    return replace(conversation, messages=tuple(messages))


def _failing(random: Random, message: TypedMessage) -> TypedMessage:
    return replace(message, faults=(*message.faults, random.choice(FAILURES)), may_fail=True)


def _with_picture(_random: Random, message: TypedMessage) -> TypedMessage:
    return replace(message, has_picture=True, may_fail=True)


def _conversation(
    random: Random, name: str, number: str, phones: tuple[str, str]
) -> PlannedConversation:
    number_of_messages = random.randint(LEAST_MESSAGES, MOST_MESSAGES)
    # Without patience several messages are on their way to the gateway at the same time.
    patient = tuple(random.random() < 0.8 for _ in phones)
    messages: list[TypedMessage] = []
    for at in range(number_of_messages):
        side = random.randrange(2)
        body = f"{BODY_MARK}{name}.{side}.{at} {random.choice(_BODIES)}".strip()
        pause = random.uniform(0, LONGEST_PAUSE_SECONDS)
        # The same body twice in a row is two messages.
        times = 2 if random.random() < 0.15 else 1
        has_fault = times == 1 and random.random() < NOT_ACCEPTED_SHARE
        faults = (random.choice(NOT_ACCEPTED),) if has_fault else ()
        messages += [TypedMessage(side, body, pause, patient[side], faults)] * times
    return PlannedConversation(name, number, phones, tuple(messages), ended_by=random.randrange(2))
