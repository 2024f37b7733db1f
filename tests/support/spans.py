"""What a traced process in this process sends: spans as a collector would get them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from runtime.tracing import spans as tracing
from runtime.tracing.export import tracer_of


class Collected(SpanExporter):
    """Keeps what was sent, as it was written."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.result = SpanExportResult.SUCCESS
        # An exporter that is held back does not come back before this is set.
        self.gate = threading.Event()
        self.gate.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.gate.wait()
        self.sent.append(encode_spans(spans).SerializeToString())
        return self.result

    def shutdown(self) -> None:
        """Nothing is held."""

    @property
    def raw(self) -> bytes:
        return b"\n".join(self.sent)

    @property
    def spans(self) -> list[Span]:
        return [span for one in self.sent for span in spans_in(one)]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@contextmanager
def traced_process(ratio: float = 1.0) -> Iterator[Collected]:
    """This process is traced inside; what was sent is all there once that has ended."""
    collected = Collected()
    with tracer_of("probe", ratio, collected) as tracer:
        tracing.use(tracer)
        try:
            yield collected
        finally:
            tracing.use(None)


def spans_in(sent: bytes) -> Iterator[Span]:
    """The spans of one request to a collector."""
    for resource in ExportTraceServiceRequest.FromString(sent).resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def attributes(span: Span) -> dict[str, object]:
    """By their names."""
    return {one.key: _value(one.value) for one in span.attributes}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None
