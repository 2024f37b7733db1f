"""A copy of Redis shows no phone number and no body."""

import base64
from datetime import timedelta
from typing import cast

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from conversation_service.store.keyspace.keys import DeploymentKeys, parse_key
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.messaging.v1 import error_reason_pb2, messaging_pb2
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.message import OutboundMessage
from support.builders.conversation_calls import ask
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
)
from support.builders.dead_letters import dead_letters
from support.clock import ManualClock
from support.observation.marker_search import everything, found
from support.services.conversation_service import RunningService

DAVE_NUMBER = "+13605550144"
NUMBERS = (ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, DAVE_NUMBER, MASKED, OTHER_MASKED)
WORDS = ('marked and "quoted"', "mårked ünd ☃", "marked-but-bad", "marked-but-held", "marked-note")
URL = "https://media.example.com/marked-picture.png"
NAME = "marked-order-7"
# With "+" and without, with the country's code and without.
MARKS = {number[cut:] for number in NUMBERS for cut in (1, 2)} | {*WORDS, URL, NAME}

# What a deployment has of each kind once it has done everything.
KINDS = {
    "settings", "version", "conversation", "route", "code", "name", "idempotency", "limits",
    "code-attempts", "blocks", "last-number", "held", "data-keys", "outbox", "dead", "message",
    "events", "timeline", "history", "deadlines", "conversations", "live-by-number",
    "live-by-person", "numbers", "opt-out", "pools",
}  # fmt: skip
INVALID = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REFUSED,
    state=messaging_pb2.MESSAGE_STATE_REFUSED,
    error=messaging_pb2.ItemError(reason=error_reason_pb2.ERROR_REASON_INVALID_ARGUMENT),
)


async def talk_with_marks(service: RunningService) -> None:
    """Everything a person or a client may say, as far as it leaves something behind."""
    await service.deliver(ALICE_NUMBER, "start", OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, "join X9X9X9", OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, WORDS[0])
    over = await service.open(CAROL_NUMBER, DAVE_NUMBER)
    await service.deliver(CAROL_NUMBER, WORDS[0])
    request = pb.EndConversationRequest(conversation_id=over.conversation_id, note=WORDS[4])
    await ask(service.stub.EndConversation, request)
    opened = pb.OpenConversationRequest(
        phone_numbers=(ALICE_NUMBER, BOB_NUMBER), masked_number=MASKED, unique_name=NAME
    )
    talk = (await ask(service.stub.OpenConversation, opened)).conversation
    service.messaging.answers[WORDS[2]] = [INVALID]
    await service.deliver(BOB_NUMBER, WORDS[2])
    await dead_letters(service, 1)
    service.messaging.is_down = True
    for words in WORDS[:2]:
        await service.deliver(BOB_NUMBER, words)
    picture = service.text(BOB_NUMBER, "")
    picture.attachments.add(url=URL, content_type="image/png", size_bytes=7)
    await service.receive(picture)
    pause = pb.PauseConversationRequest(conversation_id=talk.conversation_id)
    await ask(service.stub.PauseConversation, pause)
    await service.deliver(ALICE_NUMBER, WORDS[3])
    await service.open(CAROL_NUMBER, DAVE_NUMBER, masked_number=OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, "block", OTHER_MASKED)
    await service.deliver(CAROL_NUMBER, "stop", OTHER_MASKED)


async def test_no_marker_is_found_in_the_redis_of_a_deployment_that_used_every_feature(
    redis: Redis, service: RunningService
) -> None:
    await talk_with_marks(service)
    keys = cast("list[bytes]", await redis.keys())
    kinds = {parse_key(key.decode()).kind for key in keys}
    assert kinds >= KINDS, "what is not there cannot be searched"
    async for kind, stored in everything(redis):
        assert found(MARKS, stored) == set(), (kind, stored[:60])


async def test_the_suppression_list_identifies_people_by_a_keyed_hash_only(
    redis: Redis, service: RunningService
) -> None:
    await service.deliver(CAROL_NUMBER, "stop")
    prefix = DeploymentKeys().opt_out("")
    [key] = [key.decode() async for key in redis.scan_iter(f"{prefix}*")]
    assert len(base64.urlsafe_b64decode(key.removeprefix(prefix) + "==")) == 16


async def test_no_marker_is_found_in_the_ledger(redis: Redis, clock: ManualClock) -> None:
    metrics, retention = Metrics(CollectorRegistry()), timedelta(hours=72)
    ledger = Ledger(redis, clock, Fingerprints("key"), metrics, retention)
    text = OutboundMessage("m1", "main", MASKED, ALICE_NUMBER, WORDS[0])
    await ledger.claim(text, "token")
    await ledger.mark_uncertain("m1", "token")
    assert await redis.dbsize() > 0
    async for kind, stored in everything(redis):
        assert found(MARKS, stored) == set(), (kind, stored[:60])


@pytest.mark.parametrize("mark", [ALICE_NUMBER[1:], WORDS[1]])
@pytest.mark.parametrize("around", ["", "a", "ab", "abc"])
def test_a_marker_would_be_found_in_any_encoding(mark: str, around: str) -> None:
    raw = (around + mark + around).encode()
    careless = [raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw)]
    careless += [mark.encode("unicode_escape").replace(b"\\x", b"\\u00"), repr(mark).encode()]
    for stored in careless:
        assert found(MARKS, b"{" + stored + b"}") >= {mark}
