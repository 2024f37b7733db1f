"""Spans of callbacks, named by their routes: addresses hold tokens."""

import asyncio

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gateway.access.callback_auth import CallerRules
from gateway.access.middleware import AccessRules
from support.fakes.carrier_callbacks import CARRIER_MESSAGE_ID, receipt, sms
from support.observation.spans import attributes, traced_process
from support.services.running_gateway import ScriptedConversations, gateway_over

TOKEN = "t" * 32
CALL = "maskline.ingest.v1.IngestService/IngestMessages"
SECRETS = (b"555", b"hello", b"c2VuZC10b2tlbg", b"0af7651916cd43dd8448eb211c80319c", TOKEN.encode())


async def test_the_span_of_a_callback_has_its_route_and_status_and_no_secret() -> None:
    scripted = ScriptedConversations()
    rules = AccessRules(CallerRules(callback_tokens=(TOKEN.encode(),)))
    # A trace in the headers of a callback is ignored.
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    with traced_process() as collected:
        async with gateway_over(scripted, rules=rules) as gateway:
            await gateway.http.post(f"/api/message/{TOKEN}", json=sms(), headers=headers)
            await gateway.http.post("/api/receipt/attempt/c2VuZC10b2tlbg", json=receipt())
            await gateway.http.post("/api/receipt/attempt/c2VuZC10b2tlbg", content=b"+14255550111")
            await gateway.http.get("/media/c2VuZC10b2tlbg?from=+14255550111")
            await gateway.http.post("/api/message", json=sms())
            await gateway.http.get("/healthz")
    assert not [secret for secret in SECRETS if secret in collected.raw]
    requests = [
        (span.name, attributes(span)["http.response.status_code"])
        for span in collected.spans
        if "http.route" in attributes(span)
    ]
    assert sorted(requests, key=str) == [
        ("GET /media/{media_token}", 503),
        ("POST /api/message", 200),
        ("POST /api/receipt/attempt/{send_token}", 200),
        ("POST /api/receipt/attempt/{send_token}", 400),
    ]
    [span] = collected.named("POST /api/message")
    assert attributes(span) == {
        "http.request.method": "POST",
        "http.route": "/api/message",
        "http.response.status_code": 200,
        "carrier_message_id": CARRIER_MESSAGE_ID,
    }


async def test_callbacks_of_one_batch_are_linked_to_its_call() -> None:
    scripted = ScriptedConversations()
    scripted.gate.clear()
    with traced_process() as collected:
        async with gateway_over(scripted) as gateway:
            posts = []
            for message in range(4):
                posts.append(asyncio.create_task(gateway.http.post("/api/message", json=sms())))
                await gateway.conversations.wait_for(message + 1)
            scripted.gate.set()
            await asyncio.gather(*posts)
    requests = {span.span_id for span in collected.named("POST /api/message")}
    calls = [span for span in collected.named(CALL) if span.kind == Span.SPAN_KIND_CLIENT]
    # Two calls may be in flight; the other callbacks share one.
    assert sorted(len(call.links) for call in calls) == [0, 0, 1]
    parents = {call.parent_span_id for call in calls}
    assert parents | {link.span_id for call in calls for link in call.links} == requests
