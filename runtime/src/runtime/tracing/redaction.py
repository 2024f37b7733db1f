"""Redacts each part of a span before it leaves the process."""

from collections.abc import Mapping, Sequence

import structlog
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status
from opentelemetry.util.types import AttributeValue

from runtime.logging.redaction import SPAN_FIELDS, redacted, redacted_name
from runtime.logging.setup import raised_at
from runtime.tracing import TRACER_NAME

log = structlog.get_logger()

# OpenTelemetry's semantic conventions for some of our attributes: tools recognise these names.
CONVENTIONS = {
    "http_method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "rpc_service": "rpc.service",
    "rpc_method": "rpc.method",
    "code": "rpc.response.status_code",
    "error": "error.type",
    "port": "server.port",
}

_EXCEPTION = "exception"

_SCOPE = InstrumentationScope(TRACER_NAME)


class RedactingExporter(SpanExporter):
    """Hands redacted spans to another exporter. Runs in a thread beside the event loop."""

    def __init__(self, exporter: SpanExporter, service: str) -> None:
        self._exporter = exporter
        self._service = service
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Spans that cannot be exported are lost; each outage is logged once."""
        result = self._export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._is_failing:
            log.warning("traces_not_exported", spans=len(spans))
        self._is_failing = failed
        return result

    def shutdown(self) -> None:
        """Ends the other exporter."""
        self._exporter.shutdown()

    def _export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            return self._exporter.export([redacted_span(span, self._service) for span in spans])
        except Exception as error:
            log.error("traces_failed", error=type(error).__name__, at=raised_at(error))
            return SpanExportResult.FAILURE


def redacted_span(span: ReadableSpan, service: str) -> ReadableSpan:
    """The same span with listed names and values only; of its status, only the code.

    A recorded exception becomes the attribute `error.type`: its message and its stack may hold
    personal data.
    """
    attributes = {**(span.attributes or {}), **_error(span.events)}
    return ReadableSpan(
        name=redacted_name(span.name),
        context=_without_state(span.get_span_context()),
        parent=_without_state(span.parent),
        resource=Resource({"service.name": service}),
        attributes=_attributes(attributes),
        events=[_event(event) for event in span.events if event.name != _EXCEPTION],
        links=[link for original in span.links if (link := _link(original))],
        kind=span.kind,
        instrumentation_scope=_SCOPE,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _error(events: Sequence[Event]) -> dict[str, AttributeValue]:
    """The type of the first exception, without its module."""
    for event in events:
        if event.name == _EXCEPTION and event.attributes:
            name = str(event.attributes.get("exception.type"))
            return {"error": name.rpartition(".")[2]}
    return {}


def _event(event: Event) -> Event:
    [name] = redacted([("event", event.name)]).values()
    return Event(str(name), _attributes(event.attributes), event.timestamp)


def _link(link: Link) -> Link | None:
    context = _without_state(link.context)
    return Link(context, _attributes(link.attributes)) if context else None


def _without_state(context: SpanContext | None) -> SpanContext | None:
    """The ids and flags; the trace state may hold whatever a caller wrote."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


def _attributes(
    attributes: Mapping[str, AttributeValue | None] | None,
) -> dict[str, AttributeValue]:
    allowed = redacted((attributes or {}).items(), SPAN_FIELDS)
    return {
        CONVENTIONS.get(name, name): _value(value)
        for name, value in allowed.items()
        if value is not None
    }


def _value(value: object) -> AttributeValue:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [str(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
