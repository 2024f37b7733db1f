"""Tracing with OpenTelemetry's API. Without a provider, which is the default, it does nothing.

`tracer` makes spans. `runtime.tracing.setup` installs a provider if the settings ask for one.
`runtime.logging.redaction` lists the names that spans and their attributes may have.
"""

from opentelemetry import trace

TRACER_NAME = "maskline"

tracer = trace.get_tracer(TRACER_NAME)


def is_traced() -> bool:
    """Whether this process has a provider. It is installed before anything is served."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
