"""Spans by OpenTelemetry, on their way out through the redaction point. Needs the extra `traces`.

Imported only where traces are asked for. No provider is made the process's own: libraries that look
for one find none, and make no spans that nobody here has looked at.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import requests
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runtime.tracing.redaction import RedactingExporter
from runtime.tracing.spans import Cause, Headers, Span, SpanKind, Told, Tracer

# Some seconds of a busy process, and a few megabytes; what comes while it is full is lost.
QUEUE_LIMIT = 4096
BATCH_LIMIT = 512
# How old a span is at most when it leaves.
DELAY_MS = 2_000
# A collector that does not answer costs a batch, tries and all.
EXPORT_SECONDS = 5.0
# The last spans of a process are worth this much of the grace that stops have.
FLUSH_SECONDS = 3.0
# More than any span here has.
ATTRIBUTES_LIMIT = 32
EVENTS_LIMIT = 8
LINKS_LIMIT = 64

_KINDS: Mapping[SpanKind, trace.SpanKind] = {
    "internal": trace.SpanKind.INTERNAL,
    "server": trace.SpanKind.SERVER,
    "client": trace.SpanKind.CLIENT,
}
_LINKS = contexts.create_key("links")
_NOWHERE = Context()


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Sends to a collector. OpenTelemetry's own variables tell how it is proved who sends
    (OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_CERTIFICATE), and not where to."""
    session = requests.Session()
    session.trust_env = False
    return OTLPSpanExporter(
        endpoint=endpoint,
        timeout=EXPORT_SECONDS,
        compression=Compression.NoCompression,
        session=session,
    )


@contextmanager
def tracer_of(
    service: str,
    ratio: float,
    exporter: SpanExporter,
    *,
    queue_limit: int = QUEUE_LIMIT,
    flush_seconds: float = FLUSH_SECONDS,
) -> Iterator[Tracer]:
    """A tracer whose last spans leave at the end, or are lost after `flush_seconds`."""
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=Resource({"service.name": service}),
        span_limits=SpanLimits(
            max_span_attributes=ATTRIBUTES_LIMIT, max_events=EVENTS_LIMIT, max_links=LINKS_LIMIT
        ),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            RedactingExporter(exporter, service),
            max_queue_size=queue_limit,
            schedule_delay_millis=DELAY_MS,
            max_export_batch_size=min(BATCH_LIMIT, queue_limit),
        )
    )
    try:
        yield OtelTracer(provider.get_tracer("maskline"))
    finally:
        flush = threading.Thread(target=provider.shutdown, daemon=True)
        flush.start()
        flush.join(flush_seconds)


class OtelTracer:
    """Satisfies Tracer."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, kind: SpanKind, headers: Headers | None, fields: Mapping[str, Told]
    ) -> Iterator[Span]:
        """See Tracer."""
        around = contexts.get_current()
        if headers is not None:
            around = self._propagator.extract(headers, Context())
        links = _links_in(around)
        otel = self._tracer.start_span(name, around, _KINDS[kind], links=links)
        token = contexts.attach(
            contexts.set_value(_LINKS, (), trace.set_span_in_context(otel, around))
        )
        told = _Told(otel)
        told.tell(**fields)
        try:
            yield told
        except BaseException as error:
            # Its words are for nobody, so OpenTelemetry does not get it.
            otel.set_status(Status(StatusCode.ERROR))
            told.tell(error=type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            otel.end()

    def is_inside(self) -> bool:
        """See Tracer."""
        return trace.get_current_span().is_recording()

    def present(self) -> Span:
        """See Tracer."""
        return _Told(trace.get_current_span())

    def headers(self) -> Headers:
        """See Tracer."""
        carried: dict[str, str] = {}
        self._propagator.inject(carried)
        # Its companion `tracestate` could hold anything that a caller has said.
        return {key: value for key, value in carried.items() if key == "traceparent"}

    def cause(self) -> Cause:
        """See Tracer."""
        found = trace.get_current_span().get_span_context()
        return found if found.is_valid else None

    @contextmanager
    def caused_by(self, causes: Sequence[Cause]) -> Iterator[None]:
        """See Tracer."""
        known = [one for one in causes if isinstance(one, SpanContext)]
        recorded = [one for one in known if one.trace_flags.sampled]
        token = contexts.attach(_batch_context(recorded or known[:1]))
        try:
            yield
        finally:
            contexts.detach(token)


def _batch_context(causes: Sequence[SpanContext]) -> Context:
    """Not the one of whoever happened to start the batch."""
    if not causes:
        return _NOWHERE
    parent = trace.set_span_in_context(trace.NonRecordingSpan(causes[0]), _NOWHERE)
    return contexts.set_value(_LINKS, tuple(map(Link, causes[1:])), parent)


def _links_in(around: Context) -> Sequence[Link]:
    found = contexts.get_value(_LINKS, around)
    return found if isinstance(found, tuple) else ()


class _Told:
    """Satisfies Span."""

    def __init__(self, otel: trace.Span) -> None:
        self._otel = otel

    def tell(self, **fields: Told) -> None:
        """See Span."""
        for name, value in fields.items():
            if value is not None:
                self._otel.set_attribute(name, value)
