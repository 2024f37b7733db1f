"""The keyword table for people who are in no conversation, and for people who wait."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import CarrierBlockChange, Change, RouteClaim
from conversation_service.domain.commands.core.lifecycle import ended
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import MaskedNumberNotFound
from conversation_service.domain.model.conversation import EndReason, State
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import ATTEMPT_REPLIES_LIMIT, STRANGER_SILENCE
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    OTHER_MASKED,
    POOL,
    route,
    system_message,
)
from support.builders.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    MOMENT,
    NOW,
    OTHER_CODE,
    WAITING,
    after,
    draining,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_of,
)

CODE_LIFETIME = timedelta(minutes=15)
COOL_OFF = timedelta(minutes=3)
CANCELLED = replace(ended(snapshot_of(), WAITING, EndReason.PARTICIPANT_ENDED), etag="e5")

RESEMBLING = ["start the car", "join us at 8", "help me", "join", "START: now"]
HELPED_ONCE = ["hello", "", "yes", "end", f"end {CODE}", "bye", "block", "report", "the end"]
HELPED_ONCE += ["start the car, as I have to be at work at 8"]

# What a waiting person texts, the reply, and the event.
WAITING_TABLE = [
    *((body, Template.CODE, "KEYWORD_RECEIVED", "START") for body in ("start", " START! ")),
    (f"join {CODE}", Template.OWN_CODE, "KEYWORD_RECEIVED", "JOIN"),
    ("join k7m-2q9.", Template.OWN_CODE, "KEYWORD_RECEIVED", "JOIN"),
    (f"join {OTHER_CODE}", Template.STILL_WAITING, "KEYWORD_RECEIVED", "JOIN"),
    (f"end {OTHER_CODE}", Template.STILL_WAITING, "KEYWORD_RECEIVED", "END"),
    ("help", Template.HELP, "KEYWORD_RECEIVED", "HELP"),
    ("info", Template.HELP, "KEYWORD_RECEIVED", "HELP"),
    ("block", Template.STILL_WAITING, "KEYWORD_RECEIVED", "BLOCK"),
    ("report", Template.STILL_WAITING, "KEYWORD_RECEIVED", "REPORT"),
    *(
        (body, Template.STILL_WAITING, "MESSAGE_NOT_RELAYED", "NOBODY_JOINED")
        for body in ("hello?", "", "yes", "join us at 8", "start the car")
    ),
]


def from_stranger(body: str, snapshot: Snapshot | None = None) -> Change:
    return incoming(body).decide(snapshot or snapshot_of())


def from_waiting(body: str, pool: Pool = POOL) -> Change:
    return incoming(body, ALICE).decide(snapshot_of(WAITING, pool=pool))


def test_start_makes_a_waiting_conversation_with_a_code() -> None:
    change = from_stranger("start")
    conversation = after(change)
    assert change.before is None
    assert (conversation.state, conversation.code) == (State.WAITING, CODE)
    assert conversation.participants == (BOB,)
    assert conversation.masked_number == MASKED
    assert conversation.due_time == conversation.idle_end_time == NOW + CODE_LIFETIME
    assert sent_bodies(change) == [
        (BOB, system_message(Template.CODE, code=CODE, span=CODE_LIFETIME))
    ]
    assert change.claims == (RouteClaim(route(BOB)),)
    assert event_details(change) == [("CONVERSATION_CREATED", ""), ("MESSAGE_ACCEPTED", "code")]


def test_start_claims_the_route_from_an_ended_conversation() -> None:
    over = snapshot_of(ENDED, now=NOW + COOL_OFF)
    assert from_stranger("start", over).claims == (RouteClaim(route(BOB), ENDED.conversation_id),)


def test_join_with_a_code_connects_and_notifies_both() -> None:
    change = from_stranger(f"join {CODE}", snapshot_of(invitation=WAITING))
    conversation = after(change)
    assert change.before == WAITING
    assert conversation.state is State.ACTIVE
    assert conversation.participants == (ALICE, BOB)
    assert conversation.join_time == NOW
    assert conversation.idle_end_time == NOW + POOL.settings.lifecycle.idle_timeout
    assert conversation.max_end_time == NOW + POOL.settings.lifecycle.max_lifetime
    assert sent_bodies(change) == [
        (BOB, system_message(Template.YOU_JOINED)),
        (ALICE, system_message(Template.SOMEBODY_JOINED)),
    ]
    assert change.claims == (RouteClaim(route(BOB)),)
    assert change.requires_unblocked == (BOB, ALICE)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "join k7m 2q9",
            ReadSet(
                (route(BOB),),
                CODE,
                people=(BOB,),
                blocks_of=BOB,
                code_attempts_on=MASKED,
                carrier_blocks_on=(route(BOB, OTHER_MASKED),),
            ),
        ),
        *(
            (body, ReadSet((route(BOB),), people=(BOB,)))
            for body in ("hello", f"end {CODE}", "end", "yes")
        ),
        (
            "start",
            ReadSet(
                (route(BOB),),
                people=(BOB,),
                carrier_blocks_on=(route(BOB, OTHER_MASKED),),
                needs_code=True,
            ),
        ),
    ],
)
def test_a_message_reads_only_what_its_keyword_needs(body: str, expected: ReadSet) -> None:
    assert incoming(body).read_set(POOL) == expected


@pytest.mark.parametrize("body", HELPED_ONCE)
def test_any_other_message_of_a_stranger_gets_help_once_and_then_no_reply(body: str) -> None:
    change = from_stranger(body)
    assert sent_bodies(change) == [(BOB, system_message(Template.HELP))]
    assert (change.after, change.events) == (None, ())
    assert change.sender_limits is not None
    limits = {BOB: change.sender_limits.after}
    muted = snapshot_of(sender_limits=limits, now=NOW + STRANGER_SILENCE - MOMENT)
    assert from_stranger(body, muted) == Change()
    later = snapshot_of(sender_limits=limits, now=NOW + STRANGER_SILENCE)
    assert sent_bodies(from_stranger(body, later)) == [(BOB, system_message(Template.HELP))]


@pytest.mark.parametrize("body", RESEMBLING)
def test_a_text_that_resembles_a_keyword_gets_help_again_but_fewer_replies(body: str) -> None:
    snapshot = snapshot_of()
    for _ in range(ATTEMPT_REPLIES_LIMIT):
        change = from_stranger(body, snapshot)
        assert sent_bodies(change) == [(BOB, system_message(Template.HELP))]
        assert change.sender_limits is not None
        snapshot = snapshot_of(sender_limits={BOB: change.sender_limits.after})
    assert from_stranger(body, snapshot) == Change()


def test_keywords_of_a_stranger_get_replies_after_the_help_text_too() -> None:
    change = from_stranger("hello")
    assert change.sender_limits is not None
    muted = snapshot_of(sender_limits={BOB: change.sender_limits.after})
    for body in ("help", "INFO?", "start", f"join {OTHER_CODE}"):
        assert sent_bodies(from_stranger(body, muted)) != []


@pytest.mark.parametrize("body", ["help", "info"])
def test_help_is_given_whenever_it_is_asked_for(body: str) -> None:
    change = from_stranger(body)
    assert sent_bodies(change) == [(BOB, system_message(Template.HELP))]
    assert change.sender_limits is not None
    assert change.sender_limits.after.helped_until is None
    assert sent_bodies(from_stranger(body, snapshot_of(ENDED))) == [
        (BOB, system_message(Template.HELP))
    ]


@pytest.mark.parametrize(
    "snapshot", [snapshot_of(), snapshot_of(WAITING), snapshot_of(ACTIVE), snapshot_of(ENDED)]
)
def test_unstop_is_answered_by_the_carrier_and_never_relayed(snapshot: Snapshot) -> None:
    block = CarrierBlockChange(route(ALICE), is_blocked=False)
    assert incoming("UNSTOP", ALICE).decide(snapshot) == Change(carrier_block=block)


def test_a_draining_number_takes_no_new_conversations() -> None:
    change = from_stranger("start", snapshot_of(pool=pool_with(numbers=draining(MASKED))))
    assert change.after is None
    assert sent_bodies(change) == [(BOB, system_message(Template.NO_NEW_HERE))]


def test_conversations_on_a_draining_number_go_on() -> None:
    pool = pool_with(numbers=draining(MASKED))
    assert after(from_stranger(f"join {CODE}", snapshot_of(pool=pool, invitation=WAITING))).is_live
    assert sent_bodies(incoming("hello").decide(snapshot_of(ACTIVE, pool=pool))) == [
        (ALICE, "hello")
    ]
    assert sent_bodies(from_waiting("start", pool))[0][1].startswith(
        f"Test exchange: your code is {CODE}."
    )


def test_a_message_to_a_number_of_no_pool_is_refused() -> None:
    with pytest.raises(MaskedNumberNotFound):
        incoming("start", on="+12065550199").decide(snapshot_of())


@pytest.mark.parametrize("body", ["hello", "end", f"join {OTHER_CODE}", f"join {CODE}", "start"])
@pytest.mark.parametrize("sender", [ALICE, BOB])
def test_during_the_cool_off_a_message_reaches_nobody_and_starts_nothing(
    body: str, sender: Person
) -> None:
    invitation = replace(WAITING, participants=(CAROL,))
    cooling = snapshot_of(ENDED, now=NOW + COOL_OFF - MOMENT, invitation=invitation)
    change = incoming(body, sender).decide(cooling)
    assert (change.before, change.after) == (None, None)
    assert sent_bodies(change) == [(sender, system_message(Template.JUST_ENDED, span=timedelta(0)))]


def test_the_reply_during_the_cool_off_says_how_much_of_it_is_left() -> None:
    pool = pool_with({"lifecycle.cool_off": timedelta(hours=3)})
    change = incoming("hello").decide(snapshot_of(ENDED, pool=pool, now=NOW + timedelta(hours=1)))
    assert sent_bodies(change) == [
        (BOB, system_message(Template.JUST_ENDED, span=timedelta(hours=2)))
    ]


def test_after_the_cool_off_a_new_conversation_may_start() -> None:
    assert after(from_stranger("start", snapshot_of(ENDED, now=NOW + COOL_OFF))).is_live
    no_cool_off = pool_with({"lifecycle.cool_off": timedelta(0)})
    assert after(from_stranger("start", snapshot_of(ENDED, pool=no_cool_off))).is_live
    nobody_joined = snapshot_of(CANCELLED)
    assert after(incoming("start", ALICE).decide(nobody_joined)).is_live


@pytest.mark.parametrize(("body", "template", "event", "detail"), WAITING_TABLE)
def test_a_waiting_person_gets_a_reply_to_everything(
    body: str, template: Template, event: str, detail: str
) -> None:
    change = from_waiting(body)
    assert (change.before, change.after) == (None, None)
    assert sent_bodies(change) == [(ALICE, system_message(template, code=CODE, span=CODE_LIFETIME))]
    assert event_details(change) == [(event, detail), ("MESSAGE_ACCEPTED", template.value)]


def test_a_second_start_says_how_much_of_the_codes_lifetime_is_left() -> None:
    change = incoming("start", ALICE).decide(snapshot_of(WAITING, now=NOW + timedelta(minutes=10)))
    assert sent_bodies(change) == [
        (ALICE, system_message(Template.CODE, code=CODE, span=timedelta(minutes=5)))
    ]


@pytest.mark.parametrize("body", ["end", "bye", "Leave.", f"end {CODE}", "end k7m2q9"])
def test_end_of_a_waiting_person_cancels_the_code(body: str) -> None:
    change = from_waiting(body)
    assert (after(change).state, after(change).end_time) == (State.ENDED, NOW)
    assert after(change).end_reason is EndReason.PARTICIPANT_ENDED
    assert sent_bodies(change) == [(ALICE, system_message(Template.CANCELLED))]
    assert event_details(change) == [
        ("KEYWORD_RECEIVED", "END"),
        ("CONVERSATION_ENDED", "PARTICIPANT_ENDED"),
        ("MESSAGE_ACCEPTED", "cancelled"),
    ]


def test_keywords_of_the_pool_are_used() -> None:
    pool = pool_with({"keywords.words": {"start": ("hola",)}})
    assert after(from_stranger("Hola!", snapshot_of(pool=pool))).is_live
    assert from_stranger("start", snapshot_of(pool=pool)).after is None


def test_a_body_is_parsed_again_only_if_the_keywords_have_changed() -> None:
    message = incoming("hola")
    [by_default, by_pool] = (
        POOL.keywords,
        pool_with({"keywords.words": {"start": ("hola",)}}).keywords,
    )
    assert message.keyword(by_default) is message.keyword(by_default)
    assert message.keyword(by_pool) != message.keyword(by_default)
