"""Collects the spans that this process exports, as a collector would get them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.util._once import Once

from runtime.tracing import tracer
from runtime.tracing.export import exporting


class CollectedSpans(SpanExporter):
    """Keeps exported spans in their encoded form."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.result = SpanExportResult.SUCCESS
        # Clear it to block the export.
        self.gate = threading.Event()
        self.gate.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.gate.wait()
        self.sent.append(encode_spans(spans).SerializeToString())
        return self.result

    def shutdown(self) -> None:
        """There is nothing to close."""

    @property
    def raw(self) -> bytes:
        return b"\n".join(self.sent)

    @property
    def spans(self) -> list[Span]:
        return [span for request in self.sent for span in spans_in(request)]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@contextmanager
def traced_process(ratio: float = 1.0) -> Iterator[CollectedSpans]:
    """Traces this process inside; all spans are collected once it has ended."""
    collected = CollectedSpans()
    with resettable_provider(), exporting("probe", ratio, collected):
        yield collected


@contextmanager
def resettable_provider() -> Iterator[None]:
    """Removes the provider at the end. The API cannot, so this does as OpenTelemetry's tests do."""
    assert isinstance(tracer, trace.ProxyTracer)
    try:
        yield
    finally:
        trace._TRACER_PROVIDER = None
        trace._TRACER_PROVIDER_SET_ONCE = Once()
        tracer._real_tracer = None


def spans_in(sent: bytes) -> Iterator[Span]:
    """The spans of one request to a collector."""
    for resource in ExportTraceServiceRequest.FromString(sent).resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def attributes(span: Span) -> dict[str, object]:
    """The attributes by name."""
    return {item.key: _value(item.value) for item in span.attributes}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
