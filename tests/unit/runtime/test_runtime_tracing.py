"""Spans: nothing unless traced; what leaves has passed the redaction point, whatever made it."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.proto.trace.v1.trace_pb2 import Status as WrittenStatus
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags, TraceState
from structlog.testing import capture_logs

from runtime.batching import Batcher
from runtime.logging.redaction import DROPPED
from runtime.tracing import spans as tracing
from runtime.tracing.export import otlp_exporter, tracer_of
from runtime.tracing.redaction import RedactingExporter
from support.leak_markers import SAID, leaks, number_forms
from support.spans import Collected, attributes, traced_process

NUMBER = "+14255550137"
URL = "https://gateway.example/api/receipt/c2VuZC10b2tlbg?to=%2B14255550137"


def test_nothing_is_made_and_nothing_said_unless_the_process_is_traced() -> None:
    with tracing.span("decide_batch", pool="main") as one:
        one.tell(texts=1)
    with tracing.inner_span("redis_scripts") as other, tracing.caused_by([tracing.cause()]):
        tracing.tell(texts=1)
    assert one is other
    assert not tracing.is_on()
    assert tracing.headers() == {}


OFF = """
import sys
{module}
from runtime.grpc.server import GrpcServer
from runtime.tracing.setup import traced
from runtime.tracing.grpc import client_interceptors, server_interceptors
from gateway.settings import Settings
with traced("probe", Settings()):
    assert client_interceptors() is None and server_interceptors() == []
assert not [one for one in sys.modules if one.startswith("opentelemetry.sdk.trace")]
assert not [one for one in sys.modules if one.startswith("opentelemetry.exporter")]
"""


@pytest.mark.parametrize(
    "module",
    [
        "import gateway.__main__",
        "import conversation_service.__main__",
        "import messaging_service.app",
    ],
)
def test_off_nothing_that_makes_spans_is_imported_and_no_call_passes_it(module: str) -> None:
    code = OFF.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""


def test_a_span_tells_what_it_is_about_how_it_went_and_what_it_is_in() -> None:
    with (
        traced_process() as collected,
        tracing.span("dispatch_round", lanes=2),
        tracing.span("send_batch", pool="main", message_ids=["m1", "m2"], since=None) as one,
    ):
        one.tell(answered=1)
        tracing.tell(refused=1)
    [inner], [outer] = collected.named("send_batch"), collected.named("dispatch_round")
    assert inner.parent_span_id == outer.span_id
    assert attributes(outer) == {"lanes": 2}
    assert attributes(inner) == {
        "pool": "main",
        "message_ids": ["m1", "m2"],
        "answered": 1,
        "refused": 1,
    }


def test_an_exception_is_told_by_its_type() -> None:
    with (
        traced_process() as collected,
        pytest.raises(ValueError, match="555"),
        tracing.span("send_batch"),
    ):
        raise ValueError(f"{NUMBER} {SAID}")
    [span] = collected.spans
    assert attributes(span) == {"error.type": "ValueError"}
    assert span.status == WrittenStatus(code=WrittenStatus.STATUS_CODE_ERROR)
    assert not span.events
    assert leaks({"sent": collected.raw}) == {}


def test_loops_that_find_nothing_make_no_spans() -> None:
    with traced_process() as collected:
        with tracing.inner_span("redis_scripts", commands=1):
            pass
        with tracing.span("dispatch_round"), tracing.inner_span("redis_scripts", commands=1):
            pass
    assert len(collected.named("redis_scripts")) == 1


def test_what_is_not_in_the_sample_is_not_sent() -> None:
    with traced_process(ratio=0.0) as collected:
        with tracing.span("dispatch_round"), tracing.inner_span("redis_scripts"):
            pass
        assert tracing.headers() == {}
    assert collected.spans == []


def test_a_caller_decides_whether_its_call_is_traced_and_hands_on_no_more() -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    told = {"traceparent": traceparent, "tracestate": f"a={SAID}", "baggage": f"b={SAID}"}
    with traced_process(ratio=0.0) as collected, tracing.span("decide_batch", headers=told):
        handed_on = tracing.headers()
    [span] = collected.spans
    assert span.parent_span_id.hex() == "b7ad6b7169203331"
    assert list(handed_on) == ["traceparent"]
    assert handed_on["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert leaks({"sent": collected.raw}) == {}


async def test_a_batch_belongs_to_its_first_cause_and_links_to_the_others() -> None:
    gate = asyncio.Event()

    async def send(batch: list[int]) -> Sequence[int]:
        await gate.wait()
        with tracing.span("decide_batch", intents=len(batch)):
            return batch

    async def submit(coalescer: Batcher[int, int], item: int) -> None:
        with tracing.span("dispatch_round", count=item):
            await coalescer.submit(item)

    with traced_process() as collected:
        coalescer = Batcher(send, in_flight_limit=1)
        waiting = []
        for item in range(4):
            waiting.append(asyncio.create_task(submit(coalescer, item)))
            for _ in range(5):
                await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*waiting)
        # Nobody's: without a span of its own, a batch belongs to none that happened to be there.
        await coalescer.submit(5)
    rounds = {attributes(one)["count"]: one for one in collected.named("dispatch_round")}
    first, second, last = sorted(
        collected.named("decide_batch"), key=lambda one: one.start_time_unix_nano
    )
    assert (first.parent_span_id, len(first.links)) == (rounds[0].span_id, 0)
    assert second.parent_span_id == rounds[1].span_id
    assert [one.span_id for one in second.links] == [rounds[2].span_id, rounds[3].span_id]
    assert (last.parent_span_id, len(last.links)) == (b"", 0)


def leaky_span(collected: Collected) -> Span:
    """Made past all that is ours, with marks in each part that a span has."""
    provider = TracerProvider(resource=Resource({"host.name": SAID, NUMBER: NUMBER}))
    provider.add_span_processor(SimpleSpanProcessor(RedactingExporter(collected, "probe")))
    tracer = provider.get_tracer(SAID, NUMBER, URL, {"said": SAID})
    state = TraceState([("said", "quillmark-said"), ("to", "14255550137")])
    there = SpanContext(1, 2, True, TraceFlags(TraceFlags.SAMPLED), state)
    around = trace.set_span_in_context(trace.NonRecordingSpan(there))
    links = [Link(there, {"url": URL, "pool": NUMBER, SAID: 1})]
    span = tracer.start_span(f"POST {URL}", around, links=links)
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
    [sent] = collected.spans
    return sent


def test_a_leak_planted_anywhere_in_a_span_does_not_leave() -> None:
    collected = Collected()
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
        "dropped": 4,
    }
    *_, exception = span.events
    assert (
        exception.name,
        [(one.key, one.value.string_value) for one in exception.attributes],
    ) == (
        "exception",
        [("error.type", "ValueError")],
    )
    assert span.status == WrittenStatus(code=WrittenStatus.STATUS_CODE_ERROR)


def test_the_search_would_have_found_it() -> None:
    """The same span without the redaction point."""
    collected = Collected()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(collected))
    provider.get_tracer("probe").start_span("POST", attributes={"url.full": URL, "x": SAID}).end()
    assert leaks({"sent": collected.raw})["sent"] == {SAID, NUMBER[2:]}


def test_an_outage_of_the_collector_disturbs_nothing_and_is_told_of_once() -> None:
    collected = Collected()
    exporter = RedactingExporter(collected, "probe")
    with capture_logs() as logs:
        for result in (
            SpanExportResult.FAILURE,
            SpanExportResult.FAILURE,
            SpanExportResult.SUCCESS,
        ):
            collected.result = result
            exporter.export([])
        collected.result = SpanExportResult.FAILURE
        exporter.export([])
    assert [line["event"] for line in logs] == ["traces_not_exported"] * 2


def test_a_collector_that_does_not_answer_does_not_hold_up_the_end() -> None:
    collected = Collected()
    collected.gate.clear()
    with (
        tracer_of("probe", 1.0, collected, flush_seconds=0) as tracer,
        tracer.span("dispatch_round", "internal", None, {}),
    ):
        pass
    assert collected.sent == []
    collected.gate.set()


def test_the_queue_is_bounded_and_what_is_too_much_is_lost() -> None:
    collected = Collected()
    collected.gate.clear()
    with tracer_of("probe", 1.0, collected, queue_limit=8) as tracer:
        for _ in range(100):
            with tracer.span("dispatch_round", "internal", None, {}):
                pass
        collected.gate.set()
    assert 8 <= len(collected.spans) < 100


def test_where_traces_go_is_said_by_our_setting_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere.example")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://elsewhere.example/v1/traces")
    exporter = otlp_exporter("http://127.0.0.1:4318/v1/traces")
    assert isinstance(exporter, OTLPSpanExporter)
    assert exporter._client._endpoint == "http://127.0.0.1:4318/v1/traces"
