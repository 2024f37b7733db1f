"""Each service works as its own Redis user, which may run only the commands it needs."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import grpc
import pytest
from google.protobuf.message import Message
from redis.exceptions import NoPermissionError

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.messaging.v1 import messaging_pb2
from runtime.redis.client import open_redis
from support.builders import documented_errors, random_requests
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, OTHER_MASKED
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_carrier import scripted_carrier
from support.redis.restricted_redis import USERS, RestrictedRedis, restricted_redis
from support.services.conversation_service import RunningService, running
from support.services.messaging_service import serving, settings_for, text

REPOSITORY = Path(__file__).parents[4]
CONVERSATION, MESSAGING = "maskline-conversation", "maskline-messaging"
SOURCES = {
    CONVERSATION: REPOSITORY / "conversation-service" / "src",
    MESSAGING: REPOSITORY / "messaging-service" / "src",
}
STEPS = 300
# Their data is never erased.
STRANGERS = ("+14255550188", "+14255550199")
# Methods of redis-py with other names than their commands.
COMMANDS = {
    "delete": "del",
    "hscan_iter": "hscan",
    "xgroup_create": "xgroup",
    "xinfo_groups": "xinfo",
    "xinfo_stream": "xinfo",
    "script_load": "script",
}
# The name of a command, and a string of this product.
WORDS = {"client"}
CALL = re.compile(r"(?:redis|reader|pipeline)\.([a-z_]+)\(")
NO_COMMANDS = {"execute", "execute_command", "pipeline", "call", "aclose"}


@pytest.fixture(scope="module")
def restricted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestrictedRedis]:
    """One server for all tests."""
    with restricted_redis(tmp_path_factory.mktemp("restricted")) as server:
        yield server


def granted(user: str) -> set[str]:
    """The commands that the ACL grants to a user, without subcommands."""
    [line] = [line for line in USERS.read_text().splitlines() if line.startswith(f"user {user} ")]
    return {word[1:].partition("|")[0] for word in line.split() if word.startswith("+")}


def commands_in(source: Path, known: set[str]) -> set[str]:
    """Every command in a service's code and scripts; `known` are those of the server."""
    texts = [path.read_text() for kind in ("*.py", "*.lua") for path in source.rglob(kind)]
    words = {word.lower() for text in texts for word in re.findall(r'"([A-Z]{3,})"', text)}
    called = {name for text in texts for name in CALL.findall(text)}
    if any("transaction=True" in text for text in texts):
        called |= {"multi", "exec"}
    named = {COMMANDS.get(name, name) for name in called - NO_COMMANDS}
    return (words & known - WORDS) | named


async def test_the_conversation_service_works_as_its_own_user(
    restricted: RestrictedRedis, clock: ManualClock
) -> None:
    async with running(restricted.url(CONVERSATION), clock) as service:
        await service.healthy()
        started = await service.start(ALICE_NUMBER)
        await service.join(BOB_NUMBER, started.join_code)
        lasting = await service.open(*STRANGERS, masked_number=OTHER_MASKED)
        await service.deliver(ALICE_NUMBER, "hello")
        await service.quiet()
        await service.receipts(*(one.message_id for one in service.sent()))
        await _ask_anything(service, clock)
        clock.move(seconds=30 * 24 * 3600)

        async def is_over() -> bool:
            ended = await service.get(lasting.conversation_id)
            return ended.state == pb.CONVERSATION_STATE_ENDED

        await eventually(is_over)
    assert restricted.refusals(CONVERSATION) == []


async def _ask_anything(service: RunningService, clock: ManualClock) -> None:
    """Calls random methods with random requests."""
    random, values = Random(7), random_requests.palette()
    for _ in range(STEPS):
        method = random.choice(sorted(documented_errors.METHODS))
        try:
            answer = await random_requests.call(
                service, method, random_requests.draw(method, values, random)
            )
        except grpc.aio.AioRpcError as refusal:
            # A denied command is INTERNAL.
            if refusal.code() is grpc.StatusCode.INTERNAL:
                raise
        else:
            assert isinstance(answer, Message)
            random_requests.learn(values, answer)
        clock.move(seconds=random.choice((0, 1, 60)))


async def test_the_messaging_service_works_as_its_own_user(
    restricted: RestrictedRedis, clock: ManualClock
) -> None:
    # The second database, as in every deployment here.
    url = restricted.url(MESSAGING, database=1)
    async with (
        scripted_carrier() as carrier,
        serving(settings_for(url, carrier.url), clock) as messaging,
    ):
        await messaging.health("SERVING")
        for message_id in ("t1", "t1", "t2"):
            await messaging.send_one(text(message_id))
        sent = await messaging.get("t1")
        receipt = messaging_pb2.DeliveryReceipt(
            carrier_message_id=sent.carrier_message_id, carrier_code="1003"
        )
        assert len(await messaging.record(receipt, receipt)) == 2
    assert restricted.refusals(MESSAGING) == []


@pytest.mark.parametrize("user", SOURCES)
def test_every_command_in_the_code_of_a_service_is_granted_to_its_user(
    restricted: RestrictedRedis, user: str
) -> None:
    found = commands_in(SOURCES[user], restricted.commands())
    assert len(found) > 5
    assert found - granted(user) == set()


@pytest.mark.parametrize(
    ("user", "command"),
    [
        (CONVERSATION, ("KEYS", "*")),
        (CONVERSATION, ("FLUSHALL",)),
        (CONVERSATION, ("CONFIG", "GET", "dir")),
        (CONVERSATION, ("EVAL", "return 1", "0")),
        (CONVERSATION, ("GET", "another application's")),
        (CONVERSATION, ("GET", "maskline:v1:messaging:{t1}:attempt")),
        (MESSAGING, ("GET", "ml1:{main}:settings")),
        (MESSAGING, ("SCAN", "0")),
        (MESSAGING, ("ACL", "LIST")),
        ("default", ("GET", "ml1:{main}:settings")),
    ],
)
async def test_other_commands_are_denied(
    restricted: RestrictedRedis, user: str, command: tuple[str, ...]
) -> None:
    async with open_redis(restricted.url(user), retries=0) as client:
        assert await client.ping()
        with pytest.raises(NoPermissionError):
            await client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py has no types here
    assert restricted.refusals(user)
