"""Serves the metrics of a process to Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from prometheus_client import REGISTRY, CollectorRegistry, ProcessCollector, start_http_server
from pydantic import WrapValidator

from runtime.settings.types import Address, or_empty

# "host:port", or empty for none.
MetricsAddress = Annotated[Address, WrapValidator(or_empty)]


def process_registry() -> CollectorRegistry:
    """A new registry with the process's memory, CPU time and open files.

    Separate registries keep two services in one process (in tests) apart.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


@contextmanager
def serve_metrics(address: str, registry: CollectorRegistry = REGISTRY) -> Iterator[None]:
    """Serves GET /metrics on "host:port" from a thread; does nothing if `address` is empty.

    There is no authentication. Raises OSError if the address cannot be used. Ending takes up to
    half a second.
    """
    if not address:
        yield
        return
    host, _, port = address.rpartition(":")
    server, thread = start_http_server(int(port), host.strip("[]"), registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
