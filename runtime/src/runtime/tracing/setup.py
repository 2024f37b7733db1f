"""Switches tracing on for as long as a process serves, if its settings ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from runtime.settings.base import exit_with_error
from runtime.settings.tracing import TracesSettings

# Packages of the extra `traces`.
REQUIRED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@contextmanager
def traced(service: str, settings: TracesSettings) -> Iterator[None]:
    """Exports spans to the endpoint in the settings. Without one, the SDK is not even imported.

    Ends the process with an error message if the extra is missing.
    """
    if not settings.traces_endpoint:
        yield
        return
    if not all(map(_is_installed, REQUIRED)):
        exit_with_error(
            f"{settings.env_names('traces_endpoint')} needs OpenTelemetry: install "
            "maskline-runtime[traces], or build the image with TRACES=yes"
        )
    # Imported here: it needs the extra.
    from runtime.tracing.export import exporting, otlp_exporter

    exporter = otlp_exporter(settings.traces_endpoint)
    with exporting(service, settings.traces_sample_ratio, exporter):
        yield


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        # Raised if the parent package is missing.
        return False
