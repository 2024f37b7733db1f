"""Compares what each phone should have received with what it did. Without I/O."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from chaos.plan.conversations import BODY_MARK
from chaos.results.messages import (
    DIGITS_OF_A_NUMBER,
    Expected,
    Place,
    Received,
    RunContext,
    place_of,
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Counts, and the ids of messages with an error."""

    relayed: int
    replies: int
    # Pairs of which the first was accepted before the second was typed.
    in_order: int
    # Messages that failed and whose senders were notified.
    failed: int
    # Other system messages, which nothing expects.
    notices: int
    wrong: Mapping[str, tuple[str, ...]]
    pictures: int = 0

    @property
    def is_right(self) -> bool:
        """Whether there is no error."""
        return not any(self.wrong.values())


Arrived = Mapping[Place, Sequence[Received]]
Matched = Iterable[tuple[Expected, Received]]


def check_messages(
    expected: Iterable[Expected], received: Iterable[Received], context: RunContext
) -> CheckResult:
    """Compares all messages that had to arrive with those that did."""
    expectations: defaultdict[Place, list[Expected]] = defaultdict(list)
    for expectation in expected:
        expectations[expectation.place].append(expectation)
    arrived: defaultdict[Place, list[Received]] = defaultdict(list)
    for text in sorted(received, key=lambda one: one.at):
        arrived[place_of(text, context)].append(text)
    matched = [
        pair
        for place, missing in expectations.items()
        for pair in zip(missing, arrived[place], strict=False)
    ]
    unexpected = [
        text for place, texts in arrived.items() if place not in expectations for text in texts
    ]
    notices, misrouted, mangled = _unexpected(unexpected, expectations, context)
    failed, lost = _lost(expectations, arrived)
    in_order, out_of_order = _order(
        pair for pair in matched if _is_distinguishable(expectations[pair[0].place])
    )
    wrong = {
        "lost": lost,
        "doubled": _doubled(expectations, arrived),
        "misrouted": misrouted,
        "mangled": mangled,
        "without their picture": _without_picture(matched, arrived),
        "out of order": out_of_order,
        "showing a number": _showing_a_number(arrived, context),
    }
    relayed = sum(bool(expectation.direction) for expectation, _ in matched)
    return CheckResult(
        relayed,
        len(matched) - relayed,
        in_order,
        failed,
        len(notices) - failed,
        wrong,
        pictures=sum(text.pictures for _, text in matched),
    )


def _lost(
    expectations: Mapping[Place, list[Expected]], arrived: Arrived
) -> tuple[int, tuple[str, ...]]:
    """How many were excused by a notice, one each, and the ids of the others."""
    missing_ones = [
        expectation
        for place, missing in expectations.items()
        for expectation in missing[len(arrived.get(place, ())) :]
    ]
    notices = Counter({place: len(texts) for place, texts in arrived.items()})
    lost = []
    for expectation in missing_ones:
        if expectation.failure_notice and notices[expectation.failure_notice] > 0:
            notices[expectation.failure_notice] -= 1
        else:
            lost.append(expectation.cause)
    return len(missing_ones) - len(lost), tuple(lost)


def _doubled(expectations: Mapping[Place, list[Expected]], arrived: Arrived) -> tuple[str, ...]:
    return tuple(
        text.text_id
        for place, missing in expectations.items()
        for text in arrived.get(place, ())[len(missing) :]
    )


def _without_picture(matched: Matched, arrived: Arrived) -> tuple[str, ...]:
    """Messages that came with fewer pictures, although nobody was notified."""
    return tuple(
        text.text_id
        for expectation, text in matched
        if text.pictures < expectation.pictures
        and not (expectation.picture_notice and arrived.get(expectation.picture_notice))
    )


def _unexpected(
    unexpected: Iterable[Received], expectations: Iterable[Place], context: RunContext
) -> tuple[tuple[str, ...], ...]:
    """Unexpected messages: notices, those at the wrong place, and those that nobody typed."""
    known = {*context.openings, *(place.body for place in expectations)}
    notices, misrouted, mangled = [], [], []
    for text in unexpected:
        if place_of(text, context).body in known:
            misrouted.append(text.text_id)
        elif text.body.startswith(BODY_MARK):
            mangled.append(text.text_id)
        else:
            notices.append(text.text_id)
    return tuple(notices), tuple(misrouted), tuple(mangled)


def _is_distinguishable(missing: Sequence[Expected]) -> bool:
    """Whether equal bodies were never on their way at the same time."""
    return all(map(_is_bound, missing, missing[1:]))


def _is_bound(first: Expected, second: Expected) -> bool:
    return first.accepted_at is not None and first.accepted_at <= second.typed_at


def _order(matched: Matched) -> tuple[int, tuple[str, ...]]:
    """How many pairs had to keep their order, and the ids of those that did not."""
    directions: defaultdict[str, list[tuple[Expected, Received]]] = defaultdict(list)
    for expectation, text in matched:
        if expectation.direction:
            directions[expectation.direction].append((expectation, text))
    bound = [
        (first, second)
        for texts in directions.values()
        for first, second in combinations(sorted(texts, key=lambda one: one[0].typed_at), 2)
        if _is_bound(first[0], second[0])
    ]
    out_of_order = {first[1].text_id for first, second in bound if first[1].at > second[1].at}
    return len(bound), tuple(sorted(out_of_order))


def _showing_a_number(arrived: Arrived, context: RunContext) -> tuple[str, ...]:
    """Messages from a number that is not masked, or that show the number of another phone."""
    hidden = {phone[-DIGITS_OF_A_NUMBER:] for phone in context.phones}
    return tuple(
        text.text_id
        for texts in arrived.values()
        for text in texts
        if text.peer not in context.masked_numbers
        or any(number in text.body for number in hidden - {text.phone[-DIGITS_OF_A_NUMBER:]})
    )
