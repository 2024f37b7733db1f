"""Phones that answer every text by themselves: whatever they answer, it soon stops."""

import pytest

from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED

AWAY = "I am away and will answer later."
# Nobody gets that many texts before everything is quiet: 8 rounds of two that are passed on and 10
# replies of ours to either.
BOUND = 40


async def exchanged(service: RunningService, answers: dict[str, str]) -> int:
    """How many texts are sent until the phones have nothing to answer any more."""
    answered = 0
    while answered <= BOUND:
        await service.quiet()
        fresh = service.sent()[answered:]
        if not fresh:
            break
        answered += len(fresh)
        for text in fresh:
            await service.says(text.to_number, answers[text.to_number], to=text.from_number)
    return answered


@pytest.mark.parametrize(
    "answers",
    [
        (AWAY, AWAY),
        (AWAY, "Out of office."),
        ("start", "start"),
        ("end", "end"),
        ("help", "help"),
        ("join ABC234", "join ABC234"),
        ("report", "report"),
        ("block", "block"),
        ("quit", "quit"),
        ("unstop", AWAY),
        ("", AWAY),
        ("start", AWAY),
    ],
)
async def test_two_machines_in_a_conversation_fall_silent(
    service: RunningService, answers: tuple[str, str]
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(ALICE_NUMBER, "hello")
    both = dict(zip((ALICE_NUMBER, BOB_NUMBER), answers, strict=True))
    assert 1 <= await exchanged(service, both) <= BOUND


@pytest.mark.parametrize("answer", [AWAY, "start", "end", "help", "join ABC234", "yes", ""])
async def test_a_machine_that_nobody_talks_with_falls_silent(
    service: RunningService, answer: str
) -> None:
    await service.says(ALICE_NUMBER, "hello", to=MASKED)
    assert 1 <= await exchanged(service, {ALICE_NUMBER: answer}) <= BOUND


@pytest.mark.parametrize("answer", [AWAY, "start", "help"])
async def test_a_machine_that_waits_with_a_code_falls_silent(
    service: RunningService, answer: str
) -> None:
    await service.start(ALICE_NUMBER)
    assert 1 <= await exchanged(service, {ALICE_NUMBER: answer}) <= BOUND


async def test_people_who_say_the_same_now_and_then_are_passed_on(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for _ in range(20):
        service.clock.move(minutes=4)
        await service.says(ALICE_NUMBER, "ok?")
        await service.says(BOB_NUMBER, "ok")
    assert await service.heard(BOB_NUMBER, 20) == ["ok?"] * 20
    assert await service.heard(ALICE_NUMBER, 20) == ["ok"] * 20
