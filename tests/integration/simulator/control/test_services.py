"""The health of Maskline's services as the simulator reports it."""

import pytest
from integration.simulator.running_simulator import ALICE, running_simulator

from runtime.grpc.server import GrpcServer
from simulator.callbacks.addresses import CallbackType
from support.clock import ManualClock
from support.net.ports import free_port

NAMES = ("gateway", "conversation service", "messaging service")


@pytest.mark.parametrize(
    ("readiness", "states"),
    [
        (200, ["ready", "ready"]),
        (503, ["ready", "not_ready"]),
        (500, ["not_ready", "unknown"]),
        (404, ["not_ready", "unknown"]),
    ],
)
async def test_the_gateway_tells_of_itself_and_of_the_conversation_service(
    clock: ManualClock, readiness: int, states: list[str]
) -> None:
    async with running_simulator(clock) as simulator:
        simulator.gateway.readiness = readiness
        reported = (await simulator.http.get("/simulator/services")).json()
    expected = [{"name": name, "state": s} for name, s in zip(NAMES, states, strict=False)]
    assert reported == {"services": expected, "time": clock.now().isoformat()}


async def test_a_gateway_that_is_not_there_is_not_ready(clock: ManualClock) -> None:
    async with running_simulator(clock, gateway_url=f"http://127.0.0.1:{free_port()}") as simulator:
        reported = (await simulator.http.get("/simulator/services")).json()
    assert [service["state"] for service in reported["services"]] == ["not_ready", "unknown"]


@pytest.mark.parametrize(("serving", "state"), [(True, "ready"), (False, "not_ready")])
async def test_the_messaging_service_is_asked_where_its_address_is_known(
    clock: ManualClock, serving: bool, state: str
) -> None:
    async def probe() -> bool:
        return serving

    server = GrpcServer("127.0.0.1:0", [])
    await server.start([])
    await server.set_health([], probe)
    target = f"127.0.0.1:{server.port}"
    async with running_simulator(clock, messaging_target=target) as simulator:
        reported = (await simulator.http.get("/simulator/services")).json()
    await server.stop()
    assert reported["services"][2] == {"name": NAMES[2], "state": state}


async def test_a_text_tells_when_it_is_tried_next_and_can_be_tried_now(clock: ManualClock) -> None:
    async with running_simulator(clock) as simulator:
        simulator.gateway.status = 503
        text_id = await simulator.type_text("start")
        await simulator.deliver()
        [text] = await simulator.texts(ALICE)
        clock.move(seconds=30)
        assert (text["last_status"], text["next_attempt"]) == (503, clock.now().isoformat())
        clock.move(seconds=-30)
        simulator.gateway.status = 200
        resend = await simulator.http.post(f"/simulator/texts/{text_id}/resend")
        assert resend.status_code == 202
        await simulator.deliver()
        [text] = await simulator.texts(ALICE)
        assert (text["state"], text["attempts"], text["next_attempt"]) == ("accepted", 2, None)
        clock.move(seconds=300)
        await simulator.deliver()
        assert len(simulator.gateway.received) == 2


async def test_a_text_that_can_go_nowhere_is_refused(clock: ManualClock) -> None:
    async with running_simulator(clock) as simulator:
        text_id = await simulator.type_text("start")
        await simulator.deliver()
        simulator.carrier.addresses.remove(CallbackType.SMS)
        response = await simulator.http.post(f"/simulator/texts/{text_id}/resend")
    assert response.status_code == 409
    assert "callback address" in response.json()["detail"]
