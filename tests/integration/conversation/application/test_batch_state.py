"""Later commands of a batch are decided on the outcomes of earlier ones."""

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.client.start import (
    JoinConversation,
    OpenConversation,
    StartConversation,
)
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.number_selection import NumberSelection
from conversation_service.domain.errors import (
    AlreadyInConversation,
    CodeNotValid,
    ConversationEnded,
    ConversationPaused,
    ParticipantOptedOut,
    UniqueNameTaken,
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


async def test_a_started_conversation_can_be_joined_and_used_in_the_same_batch(
    batch: BatchHarness,
) -> None:
    changes = await batch.execute(
        text("start", ALICE), text(f"join {CODE}"), text("hello"), text("hi", ALICE)
    )
    assert after(changes[1]).participants == (ALICE, BOB)
    assert [sent_bodies(change) for change in changes[2:]] == [[(ALICE, "hello")], [(BOB, "hi")]]


async def test_a_code_is_used_once(batch: BatchHarness) -> None:
    join, too_late = text(f"join {CODE}"), text(f"join {CODE}", CAROL)
    [_, joined, refused] = await batch.execute(text("start", ALICE), join, too_late)
    assert after(joined).participants == (ALICE, BOB)
    assert sent_bodies(refused) == [(CAROL, system_message(Template.CODE_NOT_VALID))]


async def test_two_starts_of_one_person_give_one_code(batch: BatchHarness) -> None:
    [first, second] = await batch.execute(text("start"), text("start"))
    assert (after(first).code, second.after) == (CODE, None)
    assert f"Your code is {CODE}." in sent_bodies(second)[0][1]


async def test_a_code_is_generated_only_for_a_start(batch: BatchHarness) -> None:
    [_, _, started] = await batch.execute(text("help"), text("hello", CAROL), text("start"))
    assert after(started).code == CODE


async def test_the_code_of_an_ended_conversation_is_invalid_and_its_owner_may_start_again(
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


async def test_after_an_end_nothing_is_relayed_and_the_number_cools_off(
    batch: BatchHarness,
) -> None:
    await batch.connected()
    [_, late, start] = await batch.execute(text("end"), text("hello", ALICE), text("start"))
    rests = system_message(Template.JUST_ENDED, span=POOL.settings.cool_off)
    assert (sent_bodies(late), sent_bodies(start)) == ([(ALICE, rests)], [(BOB, rests)])


async def test_an_ended_conversation_can_be_neither_ended_nor_written_to(
    batch: BatchHarness,
) -> None:
    name = (await batch.connected()).conversation_id
    [_, end, speak] = await batch.decide(
        EndConversation("r1", name), EndConversation("r2", name), SendMessage("r3", name, "", "hi")
    )
    assert isinstance(end, ConversationEnded)
    assert isinstance(speak, ConversationEnded)


async def test_an_open_takes_another_number_when_the_first_was_just_taken(
    batch: BatchHarness,
) -> None:
    [one, other] = await batch.execute(
        OpenConversation("r1", (ALICE, BOB)), OpenConversation("r2", (BOB, CAROL))
    )
    assert after(one).masked_number == MASKED
    assert after(other).masked_number == OTHER_MASKED


async def test_a_route_is_taken_once(batch: BatchHarness) -> None:
    named = NumberSelection(masked_number=MASKED)
    outcomes = await batch.decide(
        OpenConversation("r1", (ALICE, BOB), named),
        StartConversation("r2", BOB, named),
        OpenConversation("r3", (CAROL, BOB), named),
    )
    assert isinstance(outcomes[0], Change)
    assert all(isinstance(one, AlreadyInConversation) for one in outcomes[1:])


async def test_numbers_are_used_evenly_within_a_batch(batch: BatchHarness) -> None:
    people = [PEOPLE.person("main", f"+142555501{at:02}") for at in range(40, 44)]
    changes = await batch.execute(
        *(StartConversation(f"r{at}", one) for at, one in enumerate(people))
    )
    assert [after(change).masked_number for change in changes] == [MASKED, OTHER_MASKED] * 2


async def test_a_started_conversation_counts_once_for_its_number(batch: BatchHarness) -> None:
    await batch.execute(StartConversation("r1", ALICE, ON_OTHER))
    changes = await batch.execute(StartConversation("r2", BOB), StartConversation("r3", CAROL))
    assert [after(change).masked_number for change in changes] == [MASKED, MASKED]


async def test_an_ended_conversation_counts_no_more_for_its_number(
    batch: BatchHarness,
) -> None:
    [one] = await batch.execute(StartConversation("r1", ALICE))
    name = after(one).conversation_id
    [_, next_one, reopened] = await batch.execute(
        EndConversation("r2", name), StartConversation("r3", BOB), StartConversation("r4", CAROL)
    )
    assert after(next_one).masked_number == MASKED
    assert after(reopened).masked_number == OTHER_MASKED


async def test_a_reopened_conversation_counts_again_and_relays_messages(
    batch: BatchHarness,
) -> None:
    [opened] = await batch.execute(OpenConversation("r1", (ALICE, BOB), ON_OTHER))
    [ended] = await batch.execute(EndConversation("r2", after(opened).conversation_id))
    [_, _, hello, start] = await batch.execute(
        StartConversation("r3", CAROL),
        ReopenConversation("r4", after(ended)),
        text("hello", on=OTHER_MASKED),
        StartConversation("r5", PEOPLE.person("main", "+14255550144")),
    )
    assert sent_bodies(hello) == [(ALICE, "hello")]
    assert after(start).masked_number == MASKED


async def test_a_unique_name_is_taken_once_and_free_again_after_the_end(
    batch: BatchHarness,
) -> None:
    outcomes = await batch.decide(
        StartConversation("r1", ALICE, unique_name="order 7"),
        StartConversation("r2", BOB, unique_name="order 7"),
    )
    assert isinstance(outcomes[0], Change)
    assert isinstance(outcomes[1], UniqueNameTaken)
    [named] = await batch.execute(OpenConversation("r3", (ALICE, BOB), unique_name="order 7"))
    name = after(named).conversation_id
    [_, again] = await batch.execute(
        EndConversation("r4", name), StartConversation("r5", CAROL, unique_name="order 7")
    )
    assert after(again).unique_name == "order 7"


@pytest.mark.parametrize("blocker", [ALICE, BOB])
async def test_a_blocked_pair_is_not_joined_in_the_same_batch(
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
    assert isinstance(refused.refusal, CodeNotValid)


async def test_a_code_of_an_earlier_batch_works(batch: BatchHarness) -> None:
    await batch.execute(text("start", ALICE))
    [joined] = await batch.execute(text(f"join {CODE}"))
    assert after(joined).participants == (ALICE, BOB)


async def test_a_unique_name_of_an_earlier_batch_is_taken(batch: BatchHarness) -> None:
    await batch.execute(OpenConversation("r1", (ALICE, BOB), unique_name="order 7"))
    [refused] = await batch.decide(StartConversation("r2", CAROL, unique_name="order 7"))
    assert isinstance(refused, UniqueNameTaken)


async def test_a_pair_gets_the_number_that_it_used_before(batch: BatchHarness) -> None:
    [opened] = await batch.execute(OpenConversation("r1", (ALICE, BOB), ON_OTHER))
    await batch.execute(EndConversation("r2", after(opened).conversation_id))
    [again] = await batch.execute(OpenConversation("r3", (ALICE, BOB)))
    assert after(again).masked_number == OTHER_MASKED


async def test_wrong_codes_of_earlier_batches_count(batch: BatchHarness) -> None:
    await batch.execute(text(f"join {OTHER_CODE}", CAROL))
    [wrong] = await batch.execute(text(f"join {OTHER_CODE}"))
    assert wrong.code_attempts is not None
    assert wrong.code_attempts.after.number == 2


async def test_a_pair_blocked_in_an_earlier_batch_is_not_joined(batch: BatchHarness) -> None:
    await batch.connected()
    await batch.execute(text("block"), text("start", ALICE, OTHER_MASKED))
    [refused] = await batch.execute(JoinConversation("r1", CODE, BOB))
    assert isinstance(refused.refusal, CodeNotValid)


async def test_messages_held_in_this_batch_are_relayed_by_a_resume(batch: BatchHarness) -> None:
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


async def test_held_messages_are_relayed_once(
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


async def test_a_conversation_is_paused_once(batch: BatchHarness) -> None:
    name = (await batch.connected()).conversation_id
    [_, second] = await batch.decide(PauseConversation("r1", name), PauseConversation("r2", name))
    assert isinstance(second, ConversationPaused)


async def test_an_opt_out_of_this_batch_counts_for_later_commands(batch: BatchHarness) -> None:
    await batch.connected()
    outcomes = await batch.decide(
        text("quit"), text("quit"), StartConversation("r1", BOB), text("start")
    )
    first, second, start, by_text = outcomes
    assert isinstance(first, Change)
    assert after(first).end_reason is EndReason.OPTED_OUT
    assert second == Change()
    assert isinstance(start, ParticipantOptedOut)
    assert isinstance(by_text, Change)
    assert by_text.consent is not None
    assert by_text.consent.opts_in


async def test_an_opt_in_of_this_batch_counts_for_later_commands(redis: Redis) -> None:
    batch = BatchHarness(redis, CODE, opt_outs={BOB: OUT})
    [refused, _, started] = await batch.decide(
        StartConversation("r1", BOB), text("yes"), StartConversation("r2", BOB)
    )
    assert isinstance(refused, ParticipantOptedOut)
    assert isinstance(started, Change)
    assert after(started).participants == (BOB,)


async def test_replies_and_wrong_codes_are_counted_within_a_batch(batch: BatchHarness) -> None:
    helps = await batch.execute(*(text("help") for _ in range(REPLIES_LIMIT + 1)))
    assert [len(change.texts) for change in helps] == [1] * REPLIES_LIMIT + [0]
    wrong = [text(f"join {OTHER_CODE}", CAROL) for _ in range(CODE_ATTEMPTS_LIMIT)]
    changes = await batch.execute(*wrong, text("start", ALICE), text(f"join {CODE}", CAROL))
    assert changes[-1] == Change()
    tries = [change.code_attempts.after.number for change in changes if change.code_attempts]
    assert tries == list(range(1, CODE_ATTEMPTS_LIMIT + 1))
