"""Responses to the carrier if the conversation service is down, slow or refuses."""

import asyncio

import grpc
import pytest
import structlog

from gateway.conversation_client import IN_FLIGHT_LIMIT, SERVICE
from maskline.ingest.v1 import ingest_pb2
from support.builders.item_errors import item_error
from support.eventually import eventually
from support.fakes.carrier_callbacks import CARRIER_MESSAGE_ID, flat_message, receipt, sms
from support.net.ports import free_port
from support.services.running_gateway import (
    RunningGateway,
    ScriptedConversations,
    gateway_over,
    running_gateway,
    serving_conversations,
)

CALLBACKS = [("/api/message", sms()), ("/api/receipt/attempt/c2VuZA", receipt())]


@pytest.mark.parametrize(("address", "callback"), CALLBACKS)
async def test_without_a_service_callbacks_get_503_until_there_is_one(
    address: str, callback: dict[str, object]
) -> None:
    target = f"127.0.0.1:{free_port()}"
    async with running_gateway(target) as gateway:
        response = await gateway.http.post(address, json=callback)
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert response.json()["type"] == "urn:problem-type:maskline:backend-unavailable"

        async def is_taken() -> bool:
            return (await gateway.http.post(address, json=callback)).status_code == 200

        async with serving_conversations(ScriptedConversations(), target):
            await eventually(is_taken)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"])
async def test_a_failed_call_is_503_and_the_next_one_is_accepted(
    gateway: RunningGateway, scripted: ScriptedConversations, code: str
) -> None:
    for address, callback in CALLBACKS:
        scripted.fails_with = grpc.StatusCode[code]
        response = await gateway.http.post(address, json=callback)
        assert response.status_code == 503
        assert "secret" not in response.text
        scripted.fails_with = None
        assert (await gateway.http.post(address, json=callback)).status_code == 200


async def test_a_service_that_does_not_respond_is_503_after_the_deadline() -> None:
    scripted = ScriptedConversations()
    scripted.gate.clear()
    async with gateway_over(scripted, call_timeout_seconds=0.2) as gateway:
        posts = [gateway.http.post(address, json=callback) for address, callback in CALLBACKS]
        responses = await asyncio.gather(*posts)
        assert [response.status_code for response in responses] == [503, 503]
        scripted.gate.set()

        async def is_taken() -> bool:
            return (await gateway.http.post("/api/message", json=sms())).status_code == 200

        await eventually(is_taken)


async def test_the_deadline_includes_the_wait_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.conversation_client.BATCH_LIMIT", 1)
    monkeypatch.setattr("gateway.conversation_client.IN_FLIGHT_LIMIT", 1)
    scripted = ScriptedConversations()
    scripted.gate.clear()
    async with gateway_over(scripted, call_timeout_seconds=0.3) as gateway:
        posts = [
            gateway.http.post("/api/message", json=flat_message(id=f"mdr2-{number}"))
            for number in range(4)
        ]
        assert {response.status_code for response in await asyncio.gather(*posts)} == {503}
    # The end of the first call may start one more; the others have timed out by then.
    assert len(scripted.messages) <= 2


async def test_a_response_with_a_missing_result_is_503(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.omits_results = True
    assert (await gateway.http.post("/api/message", json=sms())).status_code == 503


async def test_a_full_queue_is_503_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.conversation_client.WAITING_LIMIT", 1)
    monkeypatch.setattr("gateway.conversation_client.BATCH_LIMIT", 1)
    scripted = ScriptedConversations()
    scripted.gate.clear()
    async with gateway_over(scripted) as gateway:
        taken = []
        for number in range(3):
            message = flat_message(id=f"mdr2-{number}")
            taken.append(asyncio.create_task(gateway.http.post("/api/message", json=message)))
            await gateway.conversations.wait_for(number + 1)
            await eventually(scripted.is_called(min(number + 1, IN_FLIGHT_LIMIT)))
        response = await gateway.http.post("/api/message", json=flat_message(id="mdr2-4"))
        assert response.status_code == 503
        assert "Too many" in response.json()["detail"]
        scripted.gate.set()
        assert [(await post).status_code for post in taken] == [200, 200, 200]


async def test_a_refused_item_gets_the_problem_of_its_reason(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    error = item_error("MASKED_NUMBER_NOT_FOUND", "secret words")
    scripted.message_result = ingest_pb2.IngestMessageResult(
        outcome=ingest_pb2.INGEST_OUTCOME_REFUSED, error=error
    )
    scripted.receipt_result = ingest_pb2.IngestDeliveryReceiptResult(
        outcome=ingest_pb2.RECEIPT_OUTCOME_REFUSED, error=error
    )
    for address, callback in CALLBACKS:
        response = await gateway.http.post(address, json=callback)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert "secret" not in response.text


async def test_an_unmatched_receipt_is_200_and_logged_by_its_id(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.receipt_result = ingest_pb2.IngestDeliveryReceiptResult(
        outcome=ingest_pb2.RECEIPT_OUTCOME_UNMATCHED
    )
    with structlog.testing.capture_logs() as logs:
        response = await gateway.http.post("/api/receipt/attempt/c2VuZA", json=receipt())
    assert response.status_code == 200
    event = {"event": "receipt_unmatched", "log_level": "warning"}
    assert logs == [{**event, "carrier_message_id": CARRIER_MESSAGE_ID}]


async def test_readiness_depends_on_the_service_and_liveness_does_not() -> None:
    target = f"127.0.0.1:{free_port()}"
    async with running_gateway(target) as gateway:
        assert (await gateway.http.get("/readyz")).status_code == 503

        async def ready() -> bool:
            return (await gateway.http.get("/readyz")).status_code == 200

        async with serving_conversations(ScriptedConversations(), target) as server:
            await eventually(ready)

            async def unhealthy() -> bool:
                return False

            await server.set_health([SERVICE.full_name], unhealthy)
            response = await gateway.http.get("/readyz")
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
        assert (await gateway.http.get("/healthz")).status_code == 200
