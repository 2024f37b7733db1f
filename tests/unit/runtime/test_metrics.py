import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter
from pydantic import TypeAdapter, ValidationError

from runtime.metrics import MetricsAddress, process_registry, serve_metrics
from support.eventually import PATIENCE_SECONDS
from support.net.ports import free_port

ADDRESS = TypeAdapter[str](MetricsAddress)


def scrape(port: int) -> str:
    url = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as response:
        return str(response.read().decode())


@pytest.fixture
def registry() -> CollectorRegistry:
    """A registry with one counter at 2."""
    registry = CollectorRegistry()
    Counter("maskline_tests", "Counts.", registry=registry).inc(2)
    return registry


def test_metrics_are_served_until_the_context_ends_even_by_an_exception(
    registry: CollectorRegistry,
) -> None:
    port = free_port()

    def scrape_and_fail() -> None:
        with serve_metrics(f"127.0.0.1:{port}", registry):
            assert "maskline_tests_total 2.0" in scrape(port)
            raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            scrape_and_fail()
        with pytest.raises(urllib.error.URLError):
            scrape(port)


def test_a_taken_address_is_refused(registry: CollectorRegistry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match="in use"), serve_metrics(address, registry):
            pass


@pytest.mark.skipif(not socket.has_ipv6, reason="the machine has no IPv6")
def test_an_ipv6_address_is_written_in_brackets(registry: CollectorRegistry) -> None:
    port = free_port()
    try:
        with serve_metrics(f"[::]:{port}", registry):
            assert "maskline_tests_total 2.0" in scrape(port)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_each_registry_has_the_metrics_of_the_process() -> None:
    for registry in (process_registry(), process_registry()):
        Counter("maskline_tests", "Counts.", registry=registry)
        assert registry.get_sample_value("process_resident_memory_bytes") != 0


def test_an_address_or_none_is_accepted_and_anything_else_refused() -> None:
    for address in ("", "127.0.0.1:9464", "[::]:9464", "messaging:9464"):
        assert ADDRESS.validate_python(address) == address
    for invalid in ("9464", ":9464", "host:", "http://host:9464", " "):
        with pytest.raises(ValidationError, match='give "host:port"'):
            ADDRESS.validate_python(invalid)
