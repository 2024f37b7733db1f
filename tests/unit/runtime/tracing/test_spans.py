"""Spans: not made unless the process is traced; exported in redacted form only."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.trace.v1.trace_pb2 import Status as EncodedStatus

from runtime.batching import Batcher
from runtime.tracing import is_traced, tracer
from runtime.tracing.export import exporting, otlp_exporter
from runtime.tracing.grpc import traceparent
from support.observation.leak_markers import SAID, leaks
from support.observation.spans import (
    CollectedSpans,
    attributes,
    resettable_provider,
    traced_process,
)

NUMBER = "+14255550137"

OFF = """
import sys
{module}
from runtime.grpc.server import GrpcServer
from runtime.tracing.setup import traced
from runtime.tracing.grpc import client_interceptors, server_interceptors
from gateway.settings import Settings
with traced("probe", Settings()):
    assert client_interceptors() is None and server_interceptors() == []
loaded = ("opentelemetry.sdk.trace", "opentelemetry.exporter")
assert not [name for name in sys.modules if name.startswith(loaded)]
"""


def test_no_span_is_recorded_unless_the_process_is_traced() -> None:
    with tracer.start_as_current_span("decide_batch") as span:
        assert not span.is_recording()
        assert traceparent() == {}
    assert not is_traced()


def test_the_sdk_is_not_imported_unless_the_process_is_traced() -> None:
    services = "gateway.__main__, conversation_service.__main__, messaging_service.app"
    code = OFF.format(module=f"import {services}")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""


def test_of_an_exception_only_the_type_is_exported() -> None:
    class Leaky(ValueError):
        pass

    with (
        traced_process() as collected,
        pytest.raises(Leaky),
        tracer.start_as_current_span("send_batch"),
    ):
        raise Leaky(f"{NUMBER} {SAID}")
    [span] = collected.spans
    assert attributes(span) == {"error.type": "Leaky"}
    assert span.status == EncodedStatus(code=EncodedStatus.STATUS_CODE_ERROR)
    assert not span.events
    assert leaks({"sent": collected.raw}) == {}


def make_span(*names: str) -> None:
    """Makes nested spans."""
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(tracer.start_as_current_span(name))


def test_a_call_of_redis_has_a_span_only_inside_another_span() -> None:
    with traced_process() as collected:
        make_span("redis_scripts")
        make_span("dispatch_round", "redis_scripts")
    [span], [outer] = collected.named("redis_scripts"), collected.named("dispatch_round")
    assert span.parent_span_id == outer.span_id


def test_spans_outside_the_sample_are_not_exported() -> None:
    with traced_process(ratio=0.0) as collected:
        make_span("dispatch_round", "redis_scripts")
    assert collected.spans == []


def test_libraries_make_no_spans() -> None:
    with traced_process() as collected, trace.get_tracer("a.library").start_as_current_span("GET"):
        pass
    assert collected.spans == []


async def test_a_batch_is_a_child_of_its_first_caller_and_links_to_the_others() -> None:
    gate = asyncio.Event()

    async def send(batch: list[int]) -> Sequence[int]:
        await gate.wait()
        make_span("decide_batch", "redis_scripts")
        return batch

    async def submit(item: int) -> None:
        with tracer.start_as_current_span("dispatch_round", attributes={"count": item}):
            await batcher.submit(item)

    with traced_process() as collected:
        batcher = Batcher(send, in_flight_limit=1)
        callers = []
        for item in range(4):
            callers.append(asyncio.create_task(submit(item)))
            for _ in range(5):
                await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*callers)
        # This caller has no span, so its batch has no parent, whoever started it.
        await batcher.submit(5)
    rounds = {attributes(span)["count"]: span for span in collected.named("dispatch_round")}
    first, second, last = sorted(
        collected.named("decide_batch"), key=lambda span: span.start_time_unix_nano
    )
    assert (first.parent_span_id, len(first.links)) == (rounds[0].span_id, 0)
    assert second.parent_span_id == rounds[1].span_id
    assert [link.span_id for link in second.links] == [rounds[2].span_id, rounds[3].span_id]
    assert (last.parent_span_id, len(last.links)) == (b"", 0)
    assert [len(span.links) for span in collected.named("redis_scripts")] == [0, 0, 0]


def test_a_collector_that_does_not_respond_does_not_delay_the_end() -> None:
    collected = CollectedSpans()
    collected.gate.clear()
    with resettable_provider(), exporting("probe", 1.0, collected, flush_seconds=0):
        make_span("dispatch_round")
    assert collected.sent == []
    collected.gate.set()


def test_the_queue_is_bounded_and_further_spans_are_lost() -> None:
    collected = CollectedSpans()
    collected.gate.clear()
    with resettable_provider(), exporting("probe", 1.0, collected, queue_limit=8):
        for _ in range(100):
            make_span("dispatch_round")
        collected.gate.set()
    assert 8 <= len(collected.spans) < 100


def test_only_our_own_setting_names_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere.example")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://elsewhere.example/v1/traces")
    exporter = otlp_exporter("http://127.0.0.1:4318/v1/traces")
    assert isinstance(exporter, OTLPSpanExporter)
    assert exporter._client._endpoint == "http://127.0.0.1:4318/v1/traces"
