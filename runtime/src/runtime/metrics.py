"""Where a process shows its metrics, in Prometheus' text form."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from prometheus_client import REGISTRY, CollectorRegistry, ProcessCollector, start_http_server
from pydantic import WrapValidator

from runtime.settings.types import Address, or_nothing

# "host:port", or nothing at all.
MetricsAddress = Annotated[Address, WrapValidator(or_nothing)]


def process_registry() -> CollectorRegistry:
    """A registry of its own, so that two services in one process share no metric.

    It tells the process's memory, processor time and open files from the beginning.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


@contextmanager
def serve_metrics(address: str, registry: CollectorRegistry = REGISTRY) -> Iterator[None]:
    """Serves GET /metrics on "host:port" from a thread of its own; nowhere if it is empty.

    Anyone who reaches the address may read. Raises OSError when it cannot be listened on. Ending
    takes up to half a second.
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
