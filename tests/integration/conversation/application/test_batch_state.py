"""Later commands of a batch are decided on the outcomes of earlier ones."""

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.join import JoinConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.client.update import UpdateConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.number_selection import NumberSelection
from conversation_service.domain.errors import (
    AlreadyInConversation,
    ConversationEnded,
    ConversationPaused,
    JoinCodeInvalid,
    ParticipantOptedOut,
    UniqueNameAlreadyExists,
)
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import EndReason, State
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.rate_limits import CODE_ATTEMPTS_LIMIT, REPLIES_LIMIT
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    OTHER_MASKED,
    PEOPLE,
    POOL,
    system_message,
)
from support.builders.decisions import CODE, NOW, OTHER_CODE, after, sent_bodies

from .batch_harness import BatchHarness, text

ON_OTHER = NumberSelection(masked_number=OTHER_MASKED)
OUT = OptOut(NOW, OptOutSource.CLIENT, "an earlier call")


@pytest.fixture
def batch(redis: Redis) -> BatchHarness:
    return BatchHarness(redis, CODE)


async def test_who_starts_is_joined_once_and_both_talk_at_once(batch: BatchHarness) -> None:
    join, too_late = text(f"join {CODE}"), text(f"join {CODE}", CAROL)
    [_, joined, refused, hello, hi] = await batch.execute(
        text("start", ALICE), join, too_late, text("hello"), text("hi", ALICE)
    )
    assert after(joined).participants == (ALICE, BOB)
    assert sent_bodies(refused) == [(CAROL, system_message(Template.CODE_NOT_VALID))]
    assert (sent_bodies(hello), sent_bodies(hi)) == ([(ALICE, "hello")], [(BOB, "hi")])


async def test_a_code_is_drawn_once_and_only_for_who_starts(batch: BatchHarness) -> None:
    [_, _, first, second] = await batch.execute(
        text("help"), text("hello", CAROL), text("start"), text("start")
    )
    assert (after(first).code, second.after) == (CODE, None)
    assert f"your code is {CODE}." in sent_bodies(second)[0][1]


async def test_a_code_that_was_given_up_leads_nowhere_and_its_owner_may_start_again(
    redis: Redis,
) -> None:
    batch = BatchHarness(redis, CODE, OTHER_CODE, OTHER_CODE, OTHER_CODE)
    [_, _, join, start] = await batch.decide(
        text("start", ALICE), text("end", ALICE), text(f"join {CODE}"), text("start", ALICE)
    )
    assert isinstance(join, Change)
    assert sent_bodies(join) == [(BOB, system_message(Template.CODE_NOT_VALID))]
    assert isinstance(start, Change)
    assert (after(start).state, after(start).code) == (State.WAITING, OTHER_CODE)


async def test_after_an_end_nothing_is_relayed_and_the_number_rests(batch: BatchHarness) -> None:
    await batch.connected()
    [_, late, start] = await batch.execute(text("end"), text("hello", ALICE), text("start"))
    rests = system_message(Template.JUST_ENDED, span=POOL.settings.lifecycle.cool_off)
    assert (sent_bodies(late), sent_bodies(start)) == ([(ALICE, rests)], [(BOB, rests)])


async def test_what_is_paused_or_ended_is_neither_again_nor_spoken_into(
    batch: BatchHarness,
) -> None:
    name = (await batch.connected()).conversation_id
    [_, pause, _, end, speak] = await batch.decide(
        PauseConversation("r1", name),
        PauseConversation("r2", name),
        EndConversation("r3", name),
        EndConversation("r4", name),
        SendMessage("r5", name, "", "hi"),
    )
    assert isinstance(pause, ConversationPaused)
    assert isinstance(end, ConversationEnded)
    assert isinstance(speak, ConversationEnded)


async def test_an_open_goes_elsewhere_when_the_number_was_just_given_to_somebody(
    batch: BatchHarness,
) -> None:
    [first, second] = await batch.execute(
        CreateConversation("r1", (ALICE, BOB)), CreateConversation("r2", (BOB, CAROL))
    )
    assert after(first).masked_number == MASKED
    assert after(second).masked_number == OTHER_MASKED


async def test_a_line_is_given_once(batch: BatchHarness) -> None:
    named = NumberSelection(masked_number=MASKED)
    outcomes = await batch.decide(
        CreateConversation("r1", (ALICE, BOB), named),
        CreateConversation("r2", (BOB,), named),
        CreateConversation("r3", (CAROL, BOB), named),
    )
    assert isinstance(outcomes[0], Change)
    assert all(isinstance(outcome, AlreadyInConversation) for outcome in outcomes[1:])


async def test_numbers_are_used_evenly_by_earlier_conversations_and_those_of_the_batch(
    batch: BatchHarness,
) -> None:
    await batch.execute(CreateConversation("r", (ALICE,), ON_OTHER))
    people = [PEOPLE.person("main", f"+142555501{at}") for at in range(40, 44)]
    changes = await batch.execute(
        *(CreateConversation(f"r{at}", (person,)) for at, person in enumerate(people))
    )
    numbers = [after(change).masked_number for change in changes]
    assert numbers == [MASKED, MASKED, OTHER_MASKED, MASKED]


async def test_a_number_is_used_less_once_a_conversation_on_it_has_ended(
    batch: BatchHarness,
) -> None:
    [started] = await batch.execute(CreateConversation("r1", (ALICE,)))
    name = after(started).conversation_id
    [_, next_one, reopened] = await batch.execute(
        EndConversation("r2", name),
        CreateConversation("r3", (BOB,)),
        CreateConversation("r4", (CAROL,)),
    )
    assert after(next_one).masked_number == MASKED
    assert after(reopened).masked_number == OTHER_MASKED


async def test_a_reopened_conversation_is_counted_and_spoken_in_again(batch: BatchHarness) -> None:
    [opened] = await batch.execute(CreateConversation("r1", (ALICE, BOB), ON_OTHER))
    [ended] = await batch.execute(EndConversation("r2", after(opened).conversation_id))
    [_, _, hello, start] = await batch.execute(
        CreateConversation("r3", (CAROL,)),
        ReopenConversation("r4", after(ended)),
        text("hello", on=OTHER_MASKED),
        CreateConversation("r5", (PEOPLE.person("main", "+14255550144"),)),
    )
    assert sent_bodies(hello) == [(ALICE, "hello")]
    assert after(start).masked_number == MASKED


async def test_a_name_is_given_once_and_free_again_after_the_end(batch: BatchHarness) -> None:
    outcomes = await batch.decide(
        CreateConversation("r1", (ALICE,), unique_name="order 7"),
        CreateConversation("r2", (BOB,), unique_name="order 7"),
    )
    assert isinstance(outcomes[0], Change)
    assert isinstance(outcomes[1], UniqueNameAlreadyExists)
    [named] = await batch.execute(CreateConversation("r3", (ALICE, BOB), unique_name="order 7"))
    name = after(named).conversation_id
    [_, again] = await batch.execute(
        EndConversation("r4", name), CreateConversation("r5", (CAROL,), unique_name="order 7")
    )
    assert after(again).unique_name == "order 7"


async def test_another_name_is_taken_and_the_old_one_free_in_the_same_batch(
    batch: BatchHarness,
) -> None:
    [named] = await batch.execute(CreateConversation("r1", (ALICE,), unique_name="order 7"))
    name = after(named).conversation_id
    [_, taken, free] = await batch.decide(
        UpdateConversation("r2", name, frozenset(["unique_name"]), "order 8"),
        CreateConversation("r3", (BOB,), unique_name="order 8"),
        CreateConversation("r4", (CAROL,), unique_name="order 7"),
    )
    assert isinstance(taken, UniqueNameAlreadyExists)
    assert isinstance(free, Change)
    await batch.execute(
        UpdateConversation("r5", name, frozenset(["unique_name"]), "order 8"),
        CreateConversation("r6", (CAROL,), unique_name="order 7"),
    )


@pytest.mark.parametrize("blocker", [ALICE, BOB])
async def test_who_blocks_or_is_blocked_is_not_joined_in_the_same_batch(
    redis: Redis, blocker: Person
) -> None:
    batch = BatchHarness(redis, CODE, CODE)
    await batch.connected()
    start, join = text("start", ALICE, OTHER_MASKED), JoinConversation("r", CODE, BOB)
    [_, _, joined] = await batch.decide(start, text("hello", blocker), join)
    assert isinstance(joined, Change)
    assert joined.refusal is None
    [_, _, refused] = await batch.decide(start, text("block", blocker), join)
    assert isinstance(refused, Change)
    assert isinstance(refused.refusal, JoinCodeInvalid)


async def test_wrong_tries_on_a_number_before_are_counted_with(batch: BatchHarness) -> None:
    await batch.execute(text(f"join {OTHER_CODE}", CAROL))
    [wrong] = await batch.execute(text(f"join {OTHER_CODE}"))
    assert wrong.code_attempts is not None
    assert wrong.code_attempts.after.number == 2


async def test_what_was_held_in_this_batch_is_passed_on_by_a_resume(batch: BatchHarness) -> None:
    name = (await batch.connected()).conversation_id
    await batch.execute(PauseConversation("r1", name))
    await batch.execute(text("first"))
    changes = await batch.execute(
        text("second", ALICE),
        ResumeConversation("r2", name),
        text("third"),
        PauseConversation("r3", name),
        text("fourth"),
    )
    assert sent_bodies(changes[1])[2:] == [(ALICE, "first"), (BOB, "second")]
    assert sent_bodies(changes[2]) == [(ALICE, "third")]
    [resumed] = await batch.execute(ResumeConversation("r4", name))
    assert sent_bodies(resumed) == [(BOB, system_message(Template.RESUMED)), (ALICE, "fourth")]


async def test_what_was_passed_on_by_a_resume_is_not_passed_on_by_the_next(
    batch: BatchHarness,
) -> None:
    name = (await batch.connected()).conversation_id
    await batch.execute(PauseConversation("r1", name), text("first"))
    changes = await batch.execute(
        ResumeConversation("r2", name),
        PauseConversation("r3", name),
        text("second"),
        ResumeConversation("r4", name),
    )
    assert sent_bodies(changes[3])[1:] == [(ALICE, "second")]


async def test_who_has_opted_out_in_this_batch_is_known_to_have(batch: BatchHarness) -> None:
    await batch.connected()
    outcomes = await batch.decide(
        text("quit"), text("quit"), CreateConversation("r1", (BOB,)), text("start")
    )
    first, second, start, by_text = outcomes
    assert isinstance(first, Change)
    assert after(first).end_reason is EndReason.OPTED_OUT
    assert second == Change()
    assert isinstance(start, ParticipantOptedOut)
    assert isinstance(by_text, Change)
    assert by_text.consent is not None
    assert by_text.consent.opts_in


async def test_who_has_opted_in_in_this_batch_is_known_to_have(redis: Redis) -> None:
    batch = BatchHarness(redis, CODE, opt_outs={BOB: OUT})
    [refused, _, started] = await batch.decide(
        CreateConversation("r1", (BOB,)), text("yes"), CreateConversation("r2", (BOB,))
    )
    assert isinstance(refused, ParticipantOptedOut)
    assert isinstance(started, Change)
    assert after(started).participants == (BOB,)


async def test_replies_and_tries_are_counted_within_a_batch(batch: BatchHarness) -> None:
    helps = await batch.execute(*(text("help") for _ in range(REPLIES_LIMIT + 1)))
    assert [len(change.texts) for change in helps] == [1] * REPLIES_LIMIT + [0]
    wrong = [text(f"join {OTHER_CODE}", CAROL) for _ in range(CODE_ATTEMPTS_LIMIT)]
    changes = await batch.execute(*wrong, text("start", ALICE), text(f"join {CODE}", CAROL))
    assert changes[-1] == Change()
    tries = [change.code_attempts.after.number for change in changes if change.code_attempts]
    assert tries == list(range(1, CODE_ATTEMPTS_LIMIT + 1))
