"""Removing all about a person: by an internal client, and by text where the pool allows it."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.consent import cause_of
from conversation_service.domain.templates.catalog import Template
from conversation_service.store.erasure.log import ERASURE_LIFETIME
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import parse_key
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.ingest.v1 import ingest_pb2
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask, filled, refused
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    PEOPLE,
    seeded,
    system_message,
)
from support.builders.erasing import conversations_of, erase, has_opted_out, numbers_in
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_messaging import item_error
from support.observation.marker_search import everything
from support.services.conversation_service import RunningService, running

ELSEWHERE = "+12065550102"
FIRST = seeded(MASKED, OTHER_MASKED, settings={"keywords.erase_enabled": True})
SECOND = seeded(ELSEWHERE, name="second")
IN_SECOND = PEOPLE.person("second", ALICE_NUMBER)
# The carrier is unavailable for now.
LATER = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_NOT_SENT,
    error=item_error("CARRIER_UNAVAILABLE"),
)
# They know her by a keyed hash, and have to: who she must not meet, and wrong codes of hers.
STAYS = {"block", "block-list", "blocks", "l"}


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with two pools, of which the first lets people erase themselves."""
    async with running(redis_url, clock, FIRST, SECOND) as replica:
        yield replica


async def lived(service: RunningService) -> None:
    """All that can be stored about Alice, in two pools: live, ended, held, blocked, mistyped."""
    await service.deliver(ALICE_NUMBER, "join X4X4X4", to=OTHER_MASKED)
    over = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "words to bob")
    await service.deliver(ALICE_NUMBER, "block")
    live = await service.open(CAROL_NUMBER, ALICE_NUMBER, masked_number=OTHER_MASKED)
    pause = filled(pb.PauseConversationRequest(conversation_id=live.conversation_id))
    await ask(service.stub.PauseConversation, pause)
    await service.deliver(ALICE_NUMBER, "words that are held", to=OTHER_MASKED)
    await service.deliver(ALICE_NUMBER, "start", to=ELSEWHERE)
    assert over.conversation_id != live.conversation_id
    for pool in (FIRST, SECOND):
        await service.quiet(pool.name)


async def test_nothing_of_a_person_is_left_but_what_has_to_stay(service: RunningService) -> None:
    await lived(service)
    assert await numbers_in(service.redis)
    made = await erase(service)
    await service.quiet(FIRST.name)
    await service.quiet(SECOND.name)
    assert made.erased_conversation_count == 3
    assert await numbers_in(service.redis) == []
    ids = (ALICE.participant_id.encode(), IN_SECOND.participant_id.encode())
    async for _, stored in everything(service.redis):
        key = stored.partition(b" ")[0].decode()
        kind = parse_key(key).kind
        if kind in STAYS:
            continue
        assert not any(name in key.encode() for name in ids), key
        # What was outside of any conversation names a person by a keyed hash until it expires.
        if kind != "events":
            assert not any(name in stored for name in ids), key
        is_outside = kind == "m" and stored.split(b" ")[4] == b""
        # The opt-out that comes with the erasure, and for minutes the sign that it came.
        if kind not in ("opt-out", "person-changed") and not is_outside:
            assert ALICE.person_id.encode() not in stored, key
    assert await conversations_of(service, ALICE_NUMBER) == []
    assert await conversations_of(service, BOB_NUMBER) == []


async def test_partners_get_a_neutral_notice_and_the_person_none(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await erase(service)
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.ENDED)]
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []
    assert await has_opted_out(service)
    with refused("PARTICIPANT_OPTED_OUT"):
        await service.open(CAROL_NUMBER, ALICE_NUMBER)


async def test_unsent_texts_to_or_from_the_person_are_dropped(service: RunningService) -> None:
    service.messaging.answers = {"words to bob": [LATER], "words to alice": [LATER]}
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "words to bob")
    await service.deliver(BOB_NUMBER, "words to alice")
    await eventually(partial(_asked_for, service, 2))
    made = await erase(service)
    # The dispatcher has both in memory, and looks again before it sends.
    service.clock.move(seconds=61)
    await service.deliver(CAROL_NUMBER, "help")
    await service.quiet()
    assert made.dropped_message_count == 2
    assert service.sent_to(BOB_NUMBER) == [system_message(Template.ENDED)]
    assert service.sent_to(ALICE_NUMBER) == []
    assert len(service.sent_to(CAROL_NUMBER)) == 1


async def test_a_number_rests_although_what_was_on_it_is_gone(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await erase(service)
    with refused("CONVERSATION_NOT_FOUND"):
        await service.get(conversation.conversation_id)
    with refused("MASKED_NUMBER_COOLING"):
        await service.open(BOB_NUMBER, CAROL_NUMBER)
    await service.deliver(BOB_NUMBER, "start")
    span = system_message(Template.JUST_ENDED, span=FIRST.settings.lifecycle.cool_off)
    assert await service.heard(BOB_NUMBER, 2) == [system_message(Template.ENDED), span]


async def test_whoever_is_erased_still_does_not_meet_who_blocked_them(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "block")
    await erase(service)
    await service.deliver(ALICE_NUMBER, "unstop")
    with refused("PAIR_BLOCKED"):
        await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)


async def test_an_erasure_is_made_once_for_each_request(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    name = str(uuid4())
    first = await erase(service, request_id=name)
    service.clock.move(seconds=5)
    await service.deliver(ALICE_NUMBER, "start", to=OTHER_MASKED)
    assert await erase(service, request_id=name) == first
    assert len(await conversations_of(service, ALICE_NUMBER)) == 1
    request = person_pb2.GetErasureRequest(erasure_id=first.erasure_id)
    assert (await ask(service.people.GetErasure, request)).erasure == first
    key = DeploymentKeys().erasure(first.erasure_id)
    assert 0 < await service.redis.pttl(key) <= ERASURE_LIFETIME / timedelta(milliseconds=1)


async def test_an_earlier_opt_out_loses_the_id_of_its_text(service: RunningService) -> None:
    text = service.text(ALICE_NUMBER, "quit")
    await service.receive(text)
    key = DeploymentKeys().opt_out(ALICE.person_id)
    before = cast("bytes", await service.redis.get(key)).split(b" ")
    made = await erase(service)
    after = cast("bytes", await service.redis.get(key)).split(b" ")
    assert before[2] == cause_of(text.carrier_message_id).encode()
    assert after == [*before[:2], made.erasure_id.encode(), b""]


async def test_a_person_is_erased_by_text_and_gets_the_receipt(service: RunningService) -> None:
    await lived(service)
    text = service.text(ALICE_NUMBER, "Erase my data.")
    await service.receive(text)
    await service.quiet()
    confirmed = service.sent_to(ALICE_NUMBER)[-1]
    receipt = re.search(r"receipt (\S+)\)", confirmed)
    assert receipt is not None
    request = person_pb2.GetErasureRequest(erasure_id=receipt[1])
    made = (await ask(service.people.GetErasure, request)).erasure
    assert made.erased_conversation_count == 3
    assert await numbers_in(service.redis) == []
    assert await has_opted_out(service)
    again = (await service.receive(text)).results[0]
    assert again.outcome == ingest_pb2.INGEST_OUTCOME_REPEATED
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER)[-1] == confirmed


async def test_an_erasing_text_handed_in_again_later_erases_nothing_new(
    service: RunningService,
) -> None:
    text = service.text(ALICE_NUMBER, "delete my data")
    await service.receive(text)
    await service.deliver(ALICE_NUMBER, "start")
    await service.receive(text)
    assert len(await conversations_of(service, ALICE_NUMBER)) == 1
    assert not await has_opted_out(service)


async def _asked_for(service: RunningService, texts: int) -> bool:
    return len(service.messaging.asked_for) == texts
