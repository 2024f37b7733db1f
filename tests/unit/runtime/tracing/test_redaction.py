"""Redaction of spans: marks planted in each part of a span are not exported."""

from opentelemetry import trace
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.proto.trace.v1.trace_pb2 import Status as EncodedStatus
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags, TraceState
from structlog.testing import capture_logs

from runtime.logging.redaction import DROPPED
from runtime.tracing.redaction import RedactingExporter
from support.observation.leak_markers import SAID, leaks, number_forms
from support.observation.spans import CollectedSpans, attributes

NUMBER = "+14255550137"
URL = "https://gateway.example/api/receipt/attempt/c2VuZC10b2tlbg?to=%2B14255550137"


def leaky_span(collected: CollectedSpans) -> Span:
    """A span of a foreign provider, with marks in each of its parts."""
    provider = TracerProvider(resource=Resource({"host.name": SAID, NUMBER: NUMBER}))
    provider.add_span_processor(SimpleSpanProcessor(RedactingExporter(collected, "probe")))
    tracer = provider.get_tracer(SAID, NUMBER, URL, {"said": SAID})
    state = TraceState([("said", "quillmark-said"), ("to", "14255550137")])
    parent = SpanContext(1, 2, True, TraceFlags(TraceFlags.SAMPLED), state)
    context = trace.set_span_in_context(trace.NonRecordingSpan(parent))
    links = [Link(parent, {"url": URL, "pool": NUMBER, SAID: 1})]
    span = tracer.start_span(f"POST {URL}", context, links=links)
    for name in ("url.full", "http.route", "pool", "route", "message_ids", "status", "exception"):
        span.set_attribute(name, URL)
    span.set_attribute("message_id", NUMBER[1:])
    span.set_attribute("texts", int(NUMBER[1:]))
    span.set_attribute(NUMBER, 1)
    for form in number_forms(NUMBER):
        span.set_attribute("carrier_message_id", form)
        span.add_event(form, {"pool": form})
    span.add_event(SAID, {SAID: SAID})
    span.record_exception(ValueError(f"{NUMBER} {SAID}"))
    span.set_status(Status(StatusCode.ERROR, f"{NUMBER} {SAID} {URL}"))
    span.end()
    [exported] = collected.spans
    return exported


def test_a_mark_planted_anywhere_in_a_span_is_not_exported() -> None:
    collected = CollectedSpans()
    span = leaky_span(collected)
    assert leaks({"sent": collected.raw}) == {}
    assert b"c2VuZC10b2tlbg" not in collected.raw
    assert span.name == DROPPED
    assert span.trace_state == ""
    assert attributes(span) == {
        "pool": DROPPED,
        "http.route": DROPPED,
        "message_ids": DROPPED,
        "http.response.status_code": DROPPED,
        "message_id": "[number]",
        "texts": DROPPED,
        "carrier_message_id": DROPPED,
        "error.type": "ValueError",
        "dropped": 4,
    }
    assert {event.name for event in span.events} == {DROPPED}
    assert span.status == EncodedStatus(code=EncodedStatus.STATUS_CODE_ERROR)


def test_without_redaction_the_marks_would_be_found() -> None:
    collected = CollectedSpans()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(collected))
    provider.get_tracer("probe").start_span("POST", attributes={"url.full": URL, "x": SAID}).end()
    assert leaks({"sent": collected.raw})["sent"] == {SAID, NUMBER[2:]}


def test_an_outage_of_the_collector_is_logged_once() -> None:
    collected = CollectedSpans()
    exporter = RedactingExporter(collected, "probe")
    results = (SpanExportResult.FAILURE, SpanExportResult.FAILURE, SpanExportResult.SUCCESS)
    with capture_logs() as logs:
        for result in (*results, SpanExportResult.FAILURE):
            collected.result = result
            exporter.export([])
    assert [line["event"] for line in logs] == ["traces_not_exported"] * 2
