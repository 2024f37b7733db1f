"""Switches traces on for as long as a process serves, if its settings ask for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from runtime.settings.base import exit_with_error
from runtime.settings.tracing import TracesSettings
from runtime.tracing import spans as tracing

# What the extra brings; FastAPI brings a part of OpenTelemetry by itself.
NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@contextmanager
def traced(service: str, settings: TracesSettings) -> Iterator[None]:
    """Inside, spans go to the endpoint in the settings; without one, nothing is even imported.

    Ends the process with a sentence if the extra is missing.
    """
    if not settings.traces_endpoint:
        yield
        return
    if not all(map(_is_there, NEEDED)):
        exit_with_error(
            f"{settings.spelled('traces_endpoint')} needs OpenTelemetry: install "
            "maskline-runtime[traces], or build the image with TRACES=yes"
        )
    # Only here: without it the module cannot even be read.
    from runtime.tracing.export import otlp_exporter, tracer_of

    exporter = otlp_exporter(settings.traces_endpoint)
    with tracer_of(service, settings.traces_sample_ratio, exporter) as tracer:
        tracing.use(tracer)
        try:
            yield
        finally:
            tracing.use(None)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        # A package that it is in is missing, too.
        return False
