"""A span as it leaves the process: the redaction point, for each part that a span has."""

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

log = structlog.get_logger()

# OpenTelemetry's names for some of ours: by these, tools recognise calls and requests.
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

_SCOPE = InstrumentationScope("maskline")


class RedactingExporter(SpanExporter):
    """Hands spans on as anybody may see them. It runs beside the event loop, in a thread."""

    def __init__(self, exporter: SpanExporter, service: str) -> None:
        self._exporter = exporter
        self._service = service
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See SpanExporter. What cannot be sent is lost; each outage is told of once."""
        result = self._export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._is_failing:
            log.warning("traces_not_exported", spans=len(spans))
        self._is_failing = failed
        return result

    def shutdown(self) -> None:
        """See SpanExporter."""
        self._exporter.shutdown()

    def _export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            return self._exporter.export([redacted_span(one, self._service) for one in spans])
        except Exception as error:
            log.error("traces_failed", error=type(error).__name__, at=raised_at(error))
            return SpanExportResult.FAILURE


def redacted_span(span: ReadableSpan, service: str) -> ReadableSpan:
    """The same span without whatever may not be seen. Of a status only its kind stays."""
    return ReadableSpan(
        name=redacted_name(span.name),
        context=_bare(span.get_span_context()),
        parent=_bare(span.parent),
        resource=Resource({"service.name": service}),
        attributes=_attributes(span.attributes),
        events=[_event(one) for one in span.events],
        links=[link for one in span.links if (link := _link(one))],
        kind=span.kind,
        instrumentation_scope=_SCOPE,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _event(event: Event) -> Event:
    # What libraries call an event stands in no list: an exception's name is all that is told of it.
    told = {"error": (event.attributes or {}).get("exception.type")}
    is_exception = event.name == "exception"
    fields = told if is_exception else (event.attributes or {})
    [name] = redacted([("event", event.name)]).values()
    return Event(str(name), _attributes(fields), event.timestamp)


def _link(link: Link) -> Link | None:
    bare = _bare(link.context)
    return Link(bare, _attributes(link.attributes)) if bare else None


def _bare(context: SpanContext | None) -> SpanContext | None:
    """Numbers of the tracer's own, without the state that callers hand on."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


def _attributes(
    fields: Mapping[str, AttributeValue | None] | None,
) -> dict[str, AttributeValue]:
    shown = redacted((fields or {}).items(), SPAN_FIELDS)
    return {
        CONVENTIONS.get(name, name): _value(value)
        for name, value in shown.items()
        if value is not None
    }


def _value(value: object) -> AttributeValue:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [str(one) for one in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
