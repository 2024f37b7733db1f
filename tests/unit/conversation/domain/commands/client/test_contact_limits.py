"""How often clients bring people into conversations, with whom, and what they say about it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from conversation_service.domain import errors
from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.client.join import JoinConversation
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import (
    OPENINGS_WINDOW,
    SenderLimits,
    WindowCounter,
)
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB
from support.builders.decisions import (
    CODE,
    ENDED,
    NOW,
    WAITING,
    after,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_about,
    snapshot_of,
    system,
)

ONE = CreateConversation("r", (BOB,))
TWO = CreateConversation("r", (ALICE, BOB))
JOIN = JoinConversation("r", CODE, BOB)
REOPEN = ReopenConversation("r", ENDED)

PAUSE = timedelta(hours=24)
POOL = pool_with({"consent.max_openings_per_day": 3, "consent.reopen_pause": PAUSE})
STRICT = pool_with({"consent.consent_reference_required": True})
TOMORROW = NOW + timedelta(hours=7)
FULL = SenderLimits(openings=WindowCounter(3, TOMORROW))
TIME = "2026-11-23T19:00:00Z"


def ready(
    command: Command,
    pool: Pool = POOL,
    now: datetime = NOW,
    **loaded: Any,  # noqa: ANN401 - fields of Snapshot
) -> Snapshot:
    """A snapshot in which nothing but the limits could prevent the command."""
    loaded |= {"pool": pool, "now": now}
    if command is REOPEN:
        return snapshot_about(ENDED, **loaded)
    return snapshot_of(
        invitation=WAITING if isinstance(command, JoinConversation) else None, **loaded
    )


@pytest.mark.parametrize(
    ("command", "people"),
    [(ONE, (BOB,)), (TWO, (ALICE, BOB)), (JOIN, (BOB,)), (REOPEN, (ALICE, BOB))],
)
def test_an_opening_is_counted_for_each_person_that_a_client_brings_in(
    command: Command, people: tuple[Person, ...]
) -> None:
    change = command.decide(ready(command))
    assert tuple(opening.person for opening in change.openings) == people
    once = SenderLimits(openings=WindowCounter(1, NOW + OPENINGS_WINDOW))
    for opening in change.openings:
        assert (opening.before, opening.after) == (SenderLimits(), once)
        assert opening.after.expires_at == NOW + OPENINGS_WINDOW


@pytest.mark.parametrize(
    ("command", "person", "participant"),
    [
        (ONE, BOB, "participants[0]"),
        (TWO, ALICE, "participants[0]"),
        (TWO, BOB, "participants[1]"),
        (JOIN, BOB, "participant"),
        (REOPEN, BOB, "participants[1]"),
    ],
)
def test_a_client_opens_so_many_conversations_for_a_person_in_a_day(
    command: Command, person: Person, participant: str
) -> None:
    with pytest.raises(errors.ContactLimitReached) as refusal:
        command.decide(ready(command, sender_limits={person: FULL}))
    assert refusal.value.metadata == {"participant": participant, "retry_time": TIME}
    nearly = replace(FULL, openings=WindowCounter(2, TOMORROW))
    assert after(command.decide(ready(command, sender_limits={person: nearly}))).is_live


def test_the_next_day_begins_when_the_first_is_over() -> None:
    tomorrow = ready(ONE, now=TOMORROW, sender_limits={BOB: FULL})
    [opening] = ONE.decide(tomorrow).openings
    assert opening.after.openings == WindowCounter(1, TOMORROW + OPENINGS_WINDOW)


@pytest.mark.parametrize(
    ("command", "person", "other", "participant"),
    [
        (TWO, ALICE, BOB, "participants[0]"),
        (JOIN, BOB, ALICE, "participant"),
        (REOPEN, ALICE, BOB, "participants[0]"),
    ],
)
def test_two_people_one_of_whom_ended_a_conversation_are_not_connected_for_a_day(
    command: Command, person: Person, other: Person, participant: str
) -> None:
    endings = {person.participant_id: {other.participant_id: TOMORROW - PAUSE}}
    with pytest.raises(errors.ContactLimitReached) as refusal:
        command.decide(ready(command, endings=endings))
    assert refusal.value.metadata == {"participant": participant, "retry_time": TIME}
    over = {person.participant_id: {other.participant_id: NOW - PAUSE}}
    assert after(command.decide(ready(command, endings=over))).is_live
    with_others = {person.participant_id: {"another": NOW}}
    assert after(command.decide(ready(command, endings=with_others))).is_live


@pytest.mark.parametrize("body", ["start", f"join {CODE}"])
def test_what_people_text_is_neither_limited_nor_counted(body: str) -> None:
    endings = {BOB.participant_id: {ALICE.participant_id: NOW}}
    invitation = WAITING if body.startswith("join") else None
    snapshot = snapshot_of(
        invitation=invitation, pool=POOL, endings=endings, sender_limits={BOB: FULL}
    )
    change = incoming(body).decide(snapshot)
    assert after(change).is_live
    assert change.openings == ()


@pytest.mark.parametrize(
    ("command", "expected"),
    [(ONE, ("form 7", "")), (TWO, ("form 7", "form 7")), (JOIN, ("", "form 7"))],
)
def test_a_pool_may_require_a_consent_reference(
    command: CreateConversation | JoinConversation, expected: tuple[str, str]
) -> None:
    with pytest.raises(errors.InvalidArgument) as refusal:
        command.decide(ready(command, STRICT))
    assert [violation.field for violation in refusal.value.violations] == ["consent_reference"]
    given = replace(command, consent_reference="form 7")
    assert after(given.decide(ready(command, STRICT))).consent_references == expected


def test_the_inviters_reference_stays_when_somebody_joins_by_message() -> None:
    referred = replace(WAITING, consent_references=("order form 7", ""))
    joined = after(incoming(f"join {CODE}").decide(snapshot_of(invitation=referred)))
    assert joined.consent_references == ("order form 7", "")


def test_the_first_message_says_what_it_is_about() -> None:
    about = POOL.catalog.render(Template.OPENED, about="your ride at 5")
    assert "Text here to talk: your ride at 5." in about
    two, one = replace(TWO, about="your ride at 5"), replace(JOIN, about="your ride at 5")
    assert sent_bodies(two.decide(ready(TWO))) == [(ALICE, about), (BOB, about)]
    assert sent_bodies(one.decide(ready(JOIN))) == [
        (BOB, about),
        system(ALICE, Template.SOMEBODY_JOINED),
    ]


@pytest.mark.parametrize("command", [TWO, JOIN])
def test_another_subject_or_reference_is_another_request(
    command: CreateConversation | JoinConversation,
) -> None:
    key = command.idempotency_key
    assert replace(command, about="x").idempotency_key != key
    assert replace(command, consent_reference="x").idempotency_key != key
