import pytest
from prometheus_client import CollectorRegistry, generate_latest

from messaging_service.carrier.port import Accepted, NotSent, Uncertain
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.errors import CarrierCredentialsRejected
from messaging_service.model.message import MessageState, SendResolution
from messaging_service.model.send_result import SendOutcome
from messaging_service.sending.circuit_breaker import FAILURES_LIMIT, CircuitBreaker
from support.clock import ManualClock


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


@pytest.mark.usefixtures("metrics")
def test_every_label_is_there_before_its_first_event(registry: CollectorRegistry) -> None:
    scraped = generate_latest(registry).decode()
    for outcome in SendOutcome:
        assert f'maskline_sends_total{{outcome="{outcome}"}} 0.0' in scraped
    for resolution in SendResolution:
        assert f'resolved_total{{resolution="{resolution}"}} 0.0' in scraped
    for kind in (*MessageState, "parked", "unmatched"):
        assert f'maskline_receipts_total{{state="{kind}"}} 0.0' in scraped


def test_the_breaker_is_shown_as_it_is_at_the_scrape(
    metrics: Metrics, registry: CollectorRegistry, clock: ManualClock
) -> None:
    breaker = CircuitBreaker(clock)
    metrics.watch_carrier(lambda: breaker.is_open, lambda: breaker.is_account_refused)
    gauges = ("maskline_carrier_circuit_open", "maskline_carrier_account_refused")

    def shown() -> list[float | None]:
        return [registry.get_sample_value(name) for name in gauges]

    assert shown() == [0, 0]
    for _ in range(FAILURES_LIMIT):
        breaker.record(Uncertain("HTTP 500"))
    assert shown() == [1, 0]
    breaker.record(NotSent(CarrierCredentialsRejected(), "HTTP 401"))
    assert shown() == [1, 1]
    breaker.record(Accepted("mdr2-1"))
    assert shown() == [0, 0]
