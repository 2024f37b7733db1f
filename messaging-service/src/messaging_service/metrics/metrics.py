"""What the service counts. No label holds a number, a text or an id."""

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge

from messaging_service.model.message import MessageState, SendOutcome, UnknownResolution
from messaging_service.sending.circuit_breaker import CircuitBreaker

UnmovedReceipt = Literal["parked", "unmatched", "forged", "malformed"]

_RECEIPT_KINDS: tuple[MessageState | UnmovedReceipt, ...] = (
    *(*MessageState, "parked"),
    *("unmatched", "forged", "malformed"),
)


class Metrics:
    """The service's metrics in one registry; two of them need two registries.

    Every label is there from the beginning, at 0, so that a rate sees its first event too.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._sends = self._counter("maskline_sends", "Answers given about texts.", "outcome")
        self._resolved = self._counter(
            "maskline_unknown_sends_resolved",
            "Sends whose answer was lost, by how it was found out what became of them.",
            "resolution",
        )
        self._segments = self._counter("maskline_segments", "Segments that the carrier took.")
        self._rate_limited = self._counter(
            "maskline_rate_limited", "Times that the carrier answered 429."
        )
        self._receipts = self._counter(
            "maskline_receipts",
            "Receipts by the state they told of, or why they moved no text.",
            "state",
        )
        self._begin_at_zero()

    def watch(self, breaker: CircuitBreaker) -> None:
        """Shows whether texts are kept from the carrier, and whether it refused the account."""
        is_open = self._gauge(
            "maskline_carrier_circuit_open", "1 while nothing is sent: the carrier does not answer."
        )
        is_open.set_function(lambda: breaker.is_open)
        is_refused = self._gauge(
            "maskline_carrier_account_refused", "1 while the carrier refuses the account's keys."
        )
        is_refused.set_function(lambda: breaker.is_account_refused)

    def answered(self, outcome: SendOutcome) -> None:
        """Counts one answer about a text."""
        self._sends.labels(outcome).inc()

    def resolved(self, resolution: UnknownResolution) -> None:
        """Counts one send whose answer was lost and whose fate is known now."""
        self._resolved.labels(resolution).inc()

    def took(self, segments: int) -> None:
        """Counts the segments of a text that the carrier took."""
        self._segments.inc(segments)

    def rate_limited(self) -> None:
        """Counts one answer of 429."""
        self._rate_limited.inc()

    def receipt(self, kind: MessageState | UnmovedReceipt) -> None:
        """Counts one receipt: the state of its text after it, or that it waits or has no text."""
        self._receipts.labels(kind).inc()

    def _begin_at_zero(self) -> None:
        for outcome in SendOutcome:
            self._sends.labels(outcome)
        for resolution in UnknownResolution:
            self._resolved.labels(resolution)
        for kind in _RECEIPT_KINDS:
            self._receipts.labels(kind)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self._registry)
