"""What each phone should have received beside what it did. Pure: nothing here asks anybody."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from chaos.plan.conversations import TALK_MARK
from chaos.results.messages import DIGITS_OF_A_NUMBER, Expected, Place, Received, World, place_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was right, counted, and what was wrong, by the ids of the texts concerned."""

    relayed: int
    answered: int
    # Neighbours of which the first was accepted before the second was typed.
    in_order: int
    # Texts that the carrier refused or reported as failed, and whose senders know.
    told: int
    # Other texts of Maskline's that nobody had to expect, such as that something was not delivered.
    notices: int
    wrong: Mapping[str, tuple[str, ...]]

    @property
    def is_right(self) -> bool:
        """Whether nothing was wrong."""
        return not any(self.wrong.values())


Arrived = Mapping[Place, Sequence[Received]]
Matched = Iterable[tuple[Expected, Received]]


def judge(expected: Iterable[Expected], received: Iterable[Received], world: World) -> Verdict:
    """Compares what had to arrive with what did."""
    promises: defaultdict[Place, list[Expected]] = defaultdict(list)
    for promise in expected:
        promises[promise.place].append(promise)
    arrived: defaultdict[Place, list[Received]] = defaultdict(list)
    for text in sorted(received, key=lambda one: one.at):
        arrived[place_of(text, world)].append(text)
    matched = [
        pair for place, owed in promises.items() for pair in zip(owed, arrived[place], strict=False)
    ]
    strays = [text for place, texts in arrived.items() if place not in promises for text in texts]
    notices, misrouted, mangled = _sorted_out(strays, promises, world)
    told, lost = _lost(promises, arrived)
    in_order, overtaken = _order(pair for pair in matched if _told_apart(promises[pair[0].place]))
    wrong = {
        "lost": lost,
        "doubled": _doubled(promises, arrived),
        "misrouted": misrouted,
        "mangled": mangled,
        "out of order": overtaken,
        "showing a number": _leaking(arrived, world),
    }
    talk = sum(bool(promise.direction) for promise, _ in matched)
    return Verdict(talk, len(matched) - talk, in_order, told, len(notices) - told, wrong)


def _lost(
    promises: Mapping[Place, list[Expected]], arrived: Arrived
) -> tuple[int, tuple[str, ...]]:
    """How many were excused by a notice, one each, and those that were not."""
    lacking = [
        promise
        for place, owed in promises.items()
        for promise in owed[len(arrived.get(place, ())) :]
    ]
    notices = Counter({place: len(texts) for place, texts in arrived.items()})
    lost = []
    for promise in lacking:
        if promise.excuse and notices[promise.excuse] > 0:
            notices[promise.excuse] -= 1
        else:
            lost.append(promise.cause)
    return len(lacking) - len(lost), tuple(lost)


def _doubled(promises: Mapping[Place, list[Expected]], arrived: Arrived) -> tuple[str, ...]:
    return tuple(
        text.text_id
        for place, owed in promises.items()
        for text in arrived.get(place, ())[len(owed) :]
    )


def _sorted_out(
    strays: Iterable[Received], promises: Iterable[Place], world: World
) -> tuple[tuple[str, ...], ...]:
    """Those nobody had to expect, those meant for another place, and those nobody ever typed."""
    known = {*world.openings, *(place.words for place in promises)}
    notices, misrouted, mangled = [], [], []
    for text in strays:
        if place_of(text, world).words in known:
            misrouted.append(text.text_id)
        elif text.body.startswith(TALK_MARK):
            mangled.append(text.text_id)
        else:
            notices.append(text.text_id)
    return tuple(notices), tuple(misrouted), tuple(mangled)


def _told_apart(owed: Sequence[Expected]) -> bool:
    """Whether nobody can take one for the other: the same words were not under way together."""
    return all(map(_is_bound, owed, owed[1:]))


def _is_bound(first: Expected, second: Expected) -> bool:
    return first.accepted_at is not None and first.accepted_at <= second.typed_at


def _order(matched: Matched) -> tuple[int, tuple[str, ...]]:
    """How many pairs had to keep their order, and those that were overtaken."""
    directions: defaultdict[str, list[tuple[Expected, Received]]] = defaultdict(list)
    for promise, text in matched:
        if promise.direction:
            directions[promise.direction].append((promise, text))
    bound = [
        (first, second)
        for texts in directions.values()
        for first, second in combinations(sorted(texts, key=lambda one: one[0].typed_at), 2)
        if _is_bound(first[0], second[0])
    ]
    overtaken = {first[1].text_id for first, second in bound if first[1].at > second[1].at}
    return len(bound), tuple(sorted(overtaken))


def _leaking(arrived: Arrived, world: World) -> tuple[str, ...]:
    """Texts that come from another number than ours, or show that of another phone."""
    hidden = {phone[-DIGITS_OF_A_NUMBER:] for phone in world.phones}
    return tuple(
        text.text_id
        for texts in arrived.values()
        for text in texts
        if text.peer not in world.masked_numbers
        or any(number in text.body for number in hidden - {text.phone[-DIGITS_OF_A_NUMBER:]})
    )
