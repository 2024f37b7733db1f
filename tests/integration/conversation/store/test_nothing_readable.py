"""A copy of Redis shows no phone number, no body and no code."""

import base64
from typing import cast

import pytest
from redis.asyncio import Redis

from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import parse_key
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, participants
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
)
from support.builders.dead_letters import REJECTED, dead_letters
from support.observation.marker_search import everything, found
from support.services.conversation_service import RunningService

DAVE_NUMBER = "+13605550144"
NUMBERS = (ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, DAVE_NUMBER, MASKED, OTHER_MASKED)
BODIES = (
    'marked and "quoted"',
    "mårked ünd ☃",
    "marked-but-bad",
    "marked-but-held",
    "marked-note",
    "marked-label",
)
URL = "https://media.example.com/marked-picture.png"
NAME = "marked-order-7"
REQUEST = "marked-request-8"
WRONG_CODE = "X9X9X9"
# With "+" and without, with the country's code and without.
MARKS = {number[cut:] for number in NUMBERS for cut in (1, 2)}
MARKS |= {*BODIES, URL, NAME, REQUEST, WRONG_CODE, "marked-key"}

# The kinds of keys of a deployment that has used every feature.
KINDS = {
    "settings", "version", "conversation", "r", "code", "name", "name-history", "i",
    "l", "code-attempts", "block", "block-conversation", "block-list", "blocks",
    "last-number", "held", "data-keys", "outbox", "dead", "m",
    "events", "timeline", "history", "deadlines", "conversations", "live-by-number",
    "live-by-person", "numbers", "opt-out", "pools", "person-changed",
}  # fmt: skip


async def use_every_feature(service: RunningService) -> str:
    """Everything that is stored of people and clients; returns the code of a waiting one."""
    code = (await service.start(ALICE_NUMBER, OTHER_MASKED)).join_code
    await service.deliver(CAROL_NUMBER, f"join {WRONG_CODE}", OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, BODIES[0])
    over = await service.open(CAROL_NUMBER, DAVE_NUMBER, unique_name=NAME)
    await service.deliver(CAROL_NUMBER, BODIES[0])
    request = pb.EndConversationRequest(conversation_id=over.conversation_id, note=BODIES[4])
    await ask(service.stub.EndConversation, request)
    opening = pb.CreateConversationRequest(
        participants=participants(ALICE_NUMBER, BOB_NUMBER),
        masked_number=MASKED,
        unique_name=NAME,
        labels={"marked-key": BODIES[5]},
    )
    opening.request_id = REQUEST
    conversation = (await ask(service.stub.CreateConversation, opening)).conversation
    service.messaging.answers[BODIES[2]] = [REJECTED]
    await service.deliver(BOB_NUMBER, BODIES[2])
    await dead_letters(service, 1)
    service.messaging.is_down = True
    for body in BODIES[:2]:
        await service.deliver(BOB_NUMBER, body)
    picture = service.text(BOB_NUMBER, "")
    picture.attachments.add(url=URL, content_type="image/png", size_bytes=7)
    await service.receive(picture)
    pause = pb.PauseConversationRequest(conversation_id=conversation.conversation_id)
    await ask(service.stub.PauseConversation, pause)
    await service.deliver(ALICE_NUMBER, BODIES[3])
    await service.open(CAROL_NUMBER, DAVE_NUMBER, masked_number=OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, "block", OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, "stop", OTHER_MASKED)
    return code


async def test_no_marker_is_in_the_redis_of_a_deployment_that_used_every_feature(
    redis: Redis, service: RunningService
) -> None:
    code = await use_every_feature(service)
    keys = cast("list[bytes]", await redis.keys())
    assert {parse_key(key.decode()).kind for key in keys} >= KINDS, "all kinds are searched"
    async for kind, stored in everything(redis):
        assert found(MARKS | {code}, stored) == set(), (kind, stored[:60])


async def test_the_suppression_list_identifies_people_by_a_keyed_hash_only(
    redis: Redis, service: RunningService
) -> None:
    await service.deliver(CAROL_NUMBER, "stop")
    prefix = DeploymentKeys().opt_out("")
    [key] = [key.decode() async for key in redis.scan_iter(f"{prefix}*")]
    assert len(base64.urlsafe_b64decode(key.removeprefix(prefix))) == 12


@pytest.mark.parametrize("mark", [ALICE_NUMBER[1:], BODIES[1]])
@pytest.mark.parametrize("around", ["", "a", "ab", "abc"])
def test_a_marker_would_be_found_in_any_encoding(mark: str, around: str) -> None:
    raw = (around + mark + around).encode()
    encodings = [raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw)]
    encodings += [mark.encode("unicode_escape").replace(b"\\x", b"\\u00"), repr(mark).encode()]
    for stored in encodings:
        assert found(MARKS, b"{" + stored + b"}") >= {mark}
