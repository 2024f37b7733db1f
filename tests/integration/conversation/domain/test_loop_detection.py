"""Phones that reply to every message by themselves: whatever they reply, the loop soon ends."""

import pytest

from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.services.conversation_service import RunningService

AWAY = "I am away and will answer later."
# More messages than are sent until both phones are silent: 8 rounds of two relayed messages, and 10
# replies to either.
MAX_MESSAGES = 40


async def exchanged(service: RunningService, replies: dict[str, str]) -> int:
    """The number of messages that are sent until the phones receive none to reply to."""
    count = 0
    while count <= MAX_MESSAGES:
        await service.quiet()
        received = service.sent()[count:]
        if not received:
            break
        count += len(received)
        for message in received:
            number = message.to_number
            await service.deliver(number, replies[number], to=message.from_number)
    return count


# What each of two phones replies.
REPLIES = [
    *((AWAY, AWAY), (AWAY, "Out of office."), ("unstop", AWAY), ("", AWAY), ("start", AWAY)),
    *((word, word) for word in ("start", "end", "help", "join ABC234", "report", "block", "quit")),
]


@pytest.mark.parametrize("replies", REPLIES)
async def test_two_machines_in_a_conversation_fall_silent(
    service: RunningService, replies: tuple[str, str]
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "hello")
    both = dict(zip((ALICE_NUMBER, BOB_NUMBER), replies, strict=True))
    assert 1 <= await exchanged(service, both) <= MAX_MESSAGES


@pytest.mark.parametrize("is_waiting", [False, True])
@pytest.mark.parametrize("reply", [AWAY, "start", "end", "help", "join ABC234", "yes", ""])
async def test_a_machine_without_a_partner_falls_silent(
    service: RunningService, reply: str, is_waiting: bool
) -> None:
    if is_waiting:
        await service.start(ALICE_NUMBER)
    else:
        await service.deliver(ALICE_NUMBER, "hello")
    assert 1 <= await exchanged(service, {ALICE_NUMBER: reply}) <= MAX_MESSAGES


async def test_people_who_repeat_themselves_now_and_then_are_relayed(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for _ in range(20):
        service.clock.move(minutes=4)
        await service.deliver(ALICE_NUMBER, "ok?")
        await service.deliver(BOB_NUMBER, "ok")
    assert await service.heard(BOB_NUMBER, 20) == ["ok?"] * 20
    assert await service.heard(ALICE_NUMBER, 20) == ["ok"] * 20
