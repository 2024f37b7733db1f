"""The OpenTelemetry SDK as a process uses it. Needs the extra `traces`.

Imported only if traces are switched on. The SDK makes spans of our own tracer alone: libraries that
ask the provider for a tracer get one that does nothing, as nobody has looked at their spans.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import requests
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import (
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from runtime.tracing import TRACER_NAME
from runtime.tracing.batches import links_of
from runtime.tracing.redaction import RedactingExporter

# Some seconds of a busy process, a few megabytes. Spans that end while it is full are lost.
QUEUE_LIMIT = 4096
BATCH_LIMIT = 512
# A span is exported at most this long after its end.
DELAY_MS = 2_000
# Limit of one export with its retries; a collector that does not answer costs that batch.
EXPORT_SECONDS = 5.0
# Part of a process's grace period that its last spans may take.
FLUSH_SECONDS = 3.0
# More than any span here has.
ATTRIBUTES_LIMIT = 32
EVENTS_LIMIT = 8
LINKS_LIMIT = 64

# Made only inside another span: background loops that find no work would make one each time.
NEVER_ROOT = frozenset({"redis_scripts"})


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Exports to a collector.

    OpenTelemetry's own variables may set credentials (OTEL_EXPORTER_OTLP_HEADERS,
    OTEL_EXPORTER_OTLP_CERTIFICATE), but not the address.
    """
    session = requests.Session()
    session.trust_env = False
    return OTLPSpanExporter(
        endpoint=endpoint,
        timeout=EXPORT_SECONDS,
        compression=Compression.NoCompression,
        session=session,
    )


@contextmanager
def exporting(
    service: str,
    ratio: float,
    exporter: SpanExporter,
    *,
    queue_limit: int = QUEUE_LIMIT,
    flush_seconds: float = FLUSH_SECONDS,
) -> Iterator[None]:
    """Installs the provider. At the end the last spans are exported within `flush_seconds`.

    OpenTelemetry allows one provider per process.
    """
    provider = OwnSpansProvider(
        sampler=ParentBased(RootSampler(ratio)),
        resource=Resource({"service.name": service}),
        span_limits=SpanLimits(
            max_span_attributes=ATTRIBUTES_LIMIT, max_events=EVENTS_LIMIT, max_links=LINKS_LIMIT
        ),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchLinks())
    provider.add_span_processor(
        BatchSpanProcessor(
            RedactingExporter(exporter, service),
            max_queue_size=queue_limit,
            schedule_delay_millis=DELAY_MS,
            max_export_batch_size=min(BATCH_LIMIT, queue_limit),
        )
    )
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        flush = threading.Thread(target=provider.shutdown, daemon=True)
        flush.start()
        flush.join(flush_seconds)


class OwnSpansProvider(TracerProvider):
    """Makes spans for our own tracer only."""

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        """A tracer that does nothing for any other name."""
        if instrumenting_module_name != TRACER_NAME:
            return trace.NoOpTracer()
        return super().get_tracer(
            instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        )


class RootSampler(Sampler):
    """A share of all traces that begin in this process."""

    def __init__(self, ratio: float) -> None:
        self._by_ratio = TraceIdRatioBased(ratio)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Drops spans that are never a trace of their own."""
        if name in NEVER_ROOT:
            return SamplingResult(Decision.DROP)
        return self._by_ratio.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """Required by the interface."""
        return self._by_ratio.get_description()


class BatchLinks(SpanProcessor):
    """Adds the links of `runtime.tracing.batches` to the spans of a batch."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Called for every recorded span."""
        for linked in links_of(span.parent, parent_context):
            span.add_link(linked)
