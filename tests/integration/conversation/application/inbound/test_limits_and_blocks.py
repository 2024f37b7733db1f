"""Blocks, reports, limits of wrong codes and of help replies."""

from conversation_service.domain.model.rate_limits import (
    CODE_ATTEMPTS_LIMIT,
    LOCKOUT,
    NUMBER_CODE_ATTEMPTS_LIMIT,
)
from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import kind, kinds, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    system_message,
)
from support.observation.watching import wait_for_event
from support.services.conversation_service import RunningService

WRONG = "X4X4X4"


async def test_a_blocked_person_gets_no_reason_and_the_pair_never_meets_again(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "block")
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.BLOCKED)]
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.ENDED)]
    ended = await service.get(conversation.conversation_id)
    assert ended.end_reason == pb.END_REASON_BLOCKED
    for pair in ((ALICE_NUMBER, BOB_NUMBER), (BOB_NUMBER, ALICE_NUMBER)):
        with refused("PAIR_BLOCKED"):
            await service.open(*pair, masked_number=OTHER_MASKED)
    bobs = await service.start(BOB_NUMBER, OTHER_MASKED)
    with refused("JOIN_CODE_INVALID"):
        await service.join(ALICE_NUMBER, bobs.join_code)
    await service.deliver(ALICE_NUMBER, f"join {bobs.join_code}", to=OTHER_MASKED)
    assert (await service.heard(ALICE_NUMBER, 2))[1] == system_message(Template.CODE_NOT_VALID)
    await service.join(CAROL_NUMBER, bobs.join_code)
    assert kinds(await service.timeline(conversation.conversation_id))[1:4] == [
        ("KEYWORD_RECEIVED", "BLOCK"),
        ("PARTICIPANT_BLOCKED", ""),
        ("CONVERSATION_ENDED", "BLOCKED"),
    ]


async def test_a_report_is_recorded_and_the_conversation_continues(service: RunningService) -> None:
    name = (await service.open(ALICE_NUMBER, BOB_NUMBER)).conversation_id
    await service.deliver(BOB_NUMBER, "Report!")
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.REPORTED)]
    reported = await service.get(name)
    assert reported.state == pb.CONVERSATION_STATE_ACTIVE
    assert reported.report_time.ToDatetime() == service.clock.now().replace(tzinfo=None)
    events = {kind(event): event.participant_id for event in await service.timeline(name)}
    assert events["CONVERSATION_REPORTED"] == reported.participants[1].participant_id
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []


async def test_wrong_used_and_expired_codes_get_the_same_reply(service: RunningService) -> None:
    used = (await service.start(ALICE_NUMBER)).join_code
    await service.join(BOB_NUMBER, used)
    expired = (await service.start(CAROL_NUMBER, MASKED)).join_code
    await service.heard(CAROL_NUMBER, 1)
    service.clock.move(minutes=15)
    stranger = "+13605550144"
    for tries, code in enumerate([used, expired, WRONG, "nonsense"], start=1):
        await service.deliver(stranger, f"join {code}")
        assert (await service.heard(stranger, tries))[-1] == system_message(Template.CODE_NOT_VALID)


async def test_a_locked_out_person_gets_no_reply_even_with_a_valid_code(
    service: RunningService,
) -> None:
    for _ in range(CODE_ATTEMPTS_LIMIT):
        await service.deliver(BOB_NUMBER, f"join {WRONG}")
    started = await service.start(ALICE_NUMBER)
    await service.deliver(BOB_NUMBER, f"join {started.join_code}")
    with refused("JOIN_CODE_INVALID"):
        await service.join(BOB_NUMBER, started.join_code)
    await service.quiet()
    replies = [system_message(Template.CODE_NOT_VALID)] * (CODE_ATTEMPTS_LIMIT - 1)
    last = system_message(Template.TOO_MANY_TRIES, span=LOCKOUT)
    assert service.sent_to(BOB_NUMBER) == [*replies, last]
    await wait_for_event(service, "PERSON_JOIN_LIMIT_REACHED")
    service.clock.move(minutes=59)
    started = await service.start(ALICE_NUMBER)
    with refused("JOIN_CODE_INVALID"):
        await service.join(BOB_NUMBER, started.join_code)
    service.clock.move(minutes=1)
    await service.join(BOB_NUMBER, started.join_code)


async def test_wrong_codes_on_a_masked_number_are_limited_over_all_senders(
    service: RunningService,
) -> None:
    phones = [f"+1{area}55501{line:02}" for area in (425, 360) for line in range(100)]
    guesses = (
        service.text(phone, f"join {WRONG}") for phone in phones[: NUMBER_CODE_ATTEMPTS_LIMIT + 5]
    )
    await service.receive(*guesses)
    await service.quiet()
    assert len(service.sent()) == NUMBER_CODE_ATTEMPTS_LIMIT
    service.clock.move(minutes=10)
    await service.deliver(phones[-1], f"join {WRONG}")
    assert await service.heard(phones[-1], 1) == [system_message(Template.CODE_NOT_VALID)]
