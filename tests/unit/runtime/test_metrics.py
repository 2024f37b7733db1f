"""Where a process shows its metrics, and that it stops doing so."""

import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter
from pydantic import TypeAdapter, ValidationError

from runtime.metrics import MetricsAddress, process_registry, serve_metrics
from support.eventually import PATIENCE_SECONDS
from support.ports import free_port

ADDRESS = TypeAdapter[str](MetricsAddress)


def scraped(port: int) -> str:
    url = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        return str(answer.read().decode())


@pytest.fixture
def registry() -> CollectorRegistry:
    """A registry with one counter at 2."""
    registry = CollectorRegistry()
    Counter("maskline_tests", "Counts.", registry=registry).inc(2)
    return registry


def test_metrics_can_be_read_as_long_as_they_are_served(registry: CollectorRegistry) -> None:
    port = free_port()
    with serve_metrics(f"127.0.0.1:{port}", registry):
        assert "maskline_tests_total 2.0" in scraped(port)
    with pytest.raises(urllib.error.URLError):
        scraped(port)
    # The address is free again.
    with serve_metrics(f"127.0.0.1:{port}", registry):
        assert "maskline_tests_total 2.0" in scraped(port)


def test_an_empty_address_serves_nothing(registry: CollectorRegistry) -> None:
    with serve_metrics("", registry):
        pass


def test_serving_ends_with_a_failure_of_what_it_is_around(registry: CollectorRegistry) -> None:
    port = free_port()
    with pytest.raises(LookupError), serve_metrics(f"127.0.0.1:{port}", registry):
        raise LookupError
    with pytest.raises(urllib.error.URLError):
        scraped(port)


def test_an_address_that_is_taken_is_refused(registry: CollectorRegistry) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match="in use"), serve_metrics(address, registry):
            pass


@pytest.mark.skipif(not socket.has_ipv6, reason="the machine has no IPv6")
def test_an_address_of_ipv6_is_written_in_brackets(registry: CollectorRegistry) -> None:
    port = free_port()
    try:
        with serve_metrics(f"[::]:{port}", registry):
            assert "maskline_tests_total 2.0" in scraped(port)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_each_registry_tells_of_the_process_and_is_its_own() -> None:
    registries = [process_registry(), process_registry()]
    for registry in registries:
        Counter("maskline_tests", "Counts.", registry=registry)
        assert registry.get_sample_value("process_resident_memory_bytes") != 0


@pytest.mark.parametrize("address", ["", "127.0.0.1:9464", "[::]:9464", "messaging:9464"])
def test_an_address_or_none_is_taken(address: str) -> None:
    assert ADDRESS.validate_python(address) == address


@pytest.mark.parametrize("address", ["9464", ":9464", "host:", "http://host:9464", " "])
def test_anything_else_is_refused_in_the_words_of_an_address(address: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ADDRESS.validate_python(address)
    [problem] = caught.value.errors(include_input=False)
    assert problem["msg"] == 'Value error, give "host:port"'
