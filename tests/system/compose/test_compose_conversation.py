"""Two people talk through the images and the compose file."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED
from support.eventually import eventually
from support.fakes.phones import CALL_SECONDS, Phone

from .compose_stack import ComposeStack, docker_answers

SERVICES = {"redis", "messaging-service", "conversation-service", "gateway", "simulator"}


@pytest.fixture(scope="module")
def stack() -> Iterator[ComposeStack]:
    """Up for all tests of this file; down again with its data, whatever happens."""
    if not docker_answers():
        pytest.skip("no Docker engine answers `docker info`")
    stack = ComposeStack()
    stack.down()
    try:
        assert stack.simulator_url in stack.up()
        yield stack
    finally:
        stack.close()


@pytest.fixture
async def carrier(stack: ComposeStack) -> AsyncIterator[httpx.AsyncClient]:
    address = stack.simulator_url
    async with httpx.AsyncClient(base_url=address, timeout=CALL_SECONDS, trust_env=False) as client:
        yield client


async def test_two_people_talk_while_the_conversation_service_is_restarted_and_killed(
    stack: ComposeStack, carrier: httpx.AsyncClient
) -> None:
    alice, bob = Phone(carrier, ALICE_NUMBER), Phone(carrier, BOB_NUMBER)
    await alice.text(MASKED, "start")
    code = (await alice.received(1))[0].removeprefix("Maskline demo: your code is ")[:6]
    await bob.text(MASKED, f"join {code}")
    assert (await bob.received(1))[0].startswith("Maskline demo: you are connected.")
    assert (await alice.received(2))[1].startswith("The other person has joined.")
    await alice.text(MASKED, "hello Bob")
    assert (await bob.received(2))[1] == "hello Bob"

    stack.restart("conversation-service")
    await bob.text(MASKED, "hello Alice")
    assert (await alice.received(3))[2] == "hello Alice"

    stack.kill("conversation-service")
    await alice.text(MASKED, "still there?")
    assert (await bob.received(3))[2] == "still there?"

    await bob.text(MASKED, "end")
    assert (await alice.received(4))[3].startswith("This conversation has ended.")
    assert (await bob.received(4))[3].startswith("This conversation has ended.")
    for phone, other in ((alice, bob), (bob, alice)):
        assert other.number[-10:] not in str(await phone.texts("received"))


def test_only_the_callbacks_and_the_page_are_published(stack: ComposeStack) -> None:
    assert stack.services() == SERVICES
    published = {}
    for service in SERVICES:
        bindings = stack.inspect(service, ".HostConfig.PortBindings")
        assert isinstance(bindings, dict | None)
        for [binding] in (bindings or {}).values():
            published[service] = (binding["HostIp"], binding["HostPort"])
    assert published == stack.published


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_container_can_do_nothing_but_its_work(stack: ComposeStack, service: str) -> None:
    assert stack.user(service) != "0"
    assert stack.inspect(service, ".HostConfig.ReadonlyRootfs") is True
    assert stack.inspect(service, ".HostConfig.CapDrop") == ["ALL"]
    assert stack.inspect(service, ".HostConfig.CapAdd") is None
    assert stack.inspect(service, ".HostConfig.SecurityOpt") == ["no-new-privileges:true"]
    memory = stack.inspect(service, ".HostConfig.Memory")
    assert isinstance(memory, int)
    assert memory > 0


@pytest.mark.parametrize("service", sorted(SERVICES - {"redis"}))
async def test_an_image_names_its_user_by_number_and_tells_its_health(
    stack: ComposeStack, service: str
) -> None:
    async def is_healthy() -> bool:
        return stack.inspect(service, ".State.Health.Status") == "healthy"

    assert stack.inspect(service, ".Config.User") == "10001:10001"
    await eventually(is_healthy)


def test_only_the_messaging_service_reaches_both_the_carrier_and_redis(stack: ComposeStack) -> None:
    def members(network: str) -> set[str]:
        name = f"maskline-test_{network}"
        told = {
            service: stack.inspect(service, ".NetworkSettings.Networks") for service in SERVICES
        }
        return {service for service, networks in told.items() if name in str(networks)}

    assert members("carrier") == {"messaging-service", "simulator"}
    assert members("state") == {"messaging-service", "conversation-service", "redis"}
