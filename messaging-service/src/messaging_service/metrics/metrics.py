"""The metrics of the service. No label contains a number, a body or an id."""

from collections.abc import Callable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge

from messaging_service.model.message import MessageState, SendResolution
from messaging_service.model.send_result import SendOutcome

UnmovedReceipt = Literal["parked", "unmatched", "forged", "malformed"]

_RECEIPT_KINDS: tuple[MessageState | UnmovedReceipt, ...] = (
    *(*MessageState, "parked"),
    *("unmatched", "forged", "malformed"),
)


class Metrics:
    """The metrics of one registry. A second instance needs a second registry.

    Every label value exists from the start with 0, so that a rate includes its first event.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._sends = self._counter("maskline_sends", "Results of sends.", "outcome")
        self._resolved = self._counter(
            "maskline_unknown_sends_resolved",
            "Uncertain sends, by how they were resolved.",
            "resolution",
        )
        self._segments = self._counter("maskline_segments", "Segments that the carrier accepted.")
        self._rate_limited = self._counter(
            "maskline_rate_limited", "Answers 429 of the carrier to a send."
        )
        self._receipts = self._counter(
            "maskline_receipts",
            "Delivery receipts by the message state after them, or why they changed no message.",
            "state",
        )
        self._start_at_zero()

    def watch_carrier(
        self, is_circuit_open: Callable[[], bool], is_account_refused: Callable[[], bool]
    ) -> None:
        """Shows the state of the circuit breaker in front of the carrier."""
        circuit = self._gauge("maskline_carrier_circuit_open", "1 while the circuit is open.")
        circuit.set_function(is_circuit_open)
        account = self._gauge(
            "maskline_carrier_account_refused", "1 while the carrier refuses the account's keys."
        )
        account.set_function(is_account_refused)

    def send_result(self, outcome: SendOutcome) -> None:
        """Counts one result of a send."""
        self._sends.labels(outcome).inc()

    def resolved(self, resolution: SendResolution) -> None:
        """Counts one uncertain send that was resolved."""
        self._resolved.labels(resolution).inc()

    def segments_accepted(self, segments: int) -> None:
        """Counts the segments of a message that the carrier accepted."""
        self._segments.inc(segments)

    def rate_limited(self) -> None:
        """Counts one answer 429."""
        self._rate_limited.inc()

    def receipt(self, kind: MessageState | UnmovedReceipt) -> None:
        """Counts one receipt: the state of its message after it, or why it changed none."""
        self._receipts.labels(kind).inc()

    def _start_at_zero(self) -> None:
        for outcome in SendOutcome:
            self._sends.labels(outcome)
        for resolution in SendResolution:
            self._resolved.labels(resolution)
        for kind in _RECEIPT_KINDS:
            self._receipts.labels(kind)

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(name, description, labels, registry=self._registry)

    def _gauge(self, name: str, description: str) -> Gauge:
        return Gauge(name, description, registry=self._registry)
