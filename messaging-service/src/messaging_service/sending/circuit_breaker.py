"""Keeps texts from a carrier that does not answer, and from an account that it refused."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Unknown
from messaging_service.model.errors import CarrierAccountRefused, CarrierUnavailable
from runtime.clock import Clock

log = structlog.get_logger()

# One or two lost answers happen on any day; five in a row, of different texts, are an outage.
FAILURES_LIMIT = 5

# Most outages are a restart or a lost connection: over in seconds.
FIRST_SPAN = timedelta(seconds=1)

# The carrier is never out of reach for longer than this because of us.
LONGEST_SPAN = timedelta(minutes=1)

# Keys are changed by hand, so asking more often only looks like an attack on the account.
ACCOUNT_SPAN = timedelta(minutes=1)

# Above the default send timeout. A probe that has told nothing by then never will.
PROBE_PATIENCE = timedelta(seconds=15)

_ADVICE = "check MESSAGING_FLOWROUTE_ACCESS_KEY and MESSAGING_FLOWROUTE_SECRET_KEY"


class CircuitBreaker:
    """Open after failures in a row: nothing is sent, but for one probe when the time is up.

    Each process has its own. It learns of an outage by its own few texts, and one whose own
    network is broken must not stop the others.
    """

    _failures: int
    _span: timedelta
    _next_probe: datetime | None
    _probing: bool
    _account_refused: bool

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        """`jitter` answers between 0 and 1: replicas that failed together come back apart."""
        self._clock = clock
        self._jitter = jitter
        self._close()

    @property
    def is_open(self) -> bool:
        """Whether texts are kept back."""
        return self._next_probe is not None

    @property
    def is_account_refused(self) -> bool:
        """Whether the carrier refused the keys and has taken nothing since."""
        return self._account_refused

    def wait(self) -> timedelta | None:
        """How long a text has to wait; None lets it go, and its answer is to be noted.

        What was let go and is not posted after all has to be withdrawn.
        """
        if self._next_probe is None:
            return None
        now = self._clock.now()
        if now < self._next_probe:
            # A probe's answer may come at any moment.
            return FIRST_SPAN if self._probing else self._next_probe - now
        self._probing = True
        self._next_probe = now + PROBE_PATIENCE
        return None

    def withdraw(self) -> None:
        """A text that was let go was not posted: the next one may be the probe."""
        if self._probing:
            self._probing = False
            self._next_probe = self._clock.now()

    def note(self, answer: Answer) -> None:
        """What came of a text that was let go."""
        match answer:
            case Accepted() | Refused():
                self._succeed()
            case Unknown() | NotSent(CarrierUnavailable()):
                self._fail()
            case NotSent(CarrierAccountRefused()):
                self.note_account_refused()
            case NotSent():
                # It answers, and what it said is heard elsewhere.
                self.withdraw()

    def note_account_refused(self) -> None:
        """The carrier refused the keys: no text can be sent until somebody mends that."""
        if self._account_refused and not self._probing:
            # Said by texts that were under way when it was heard first.
            return
        self._account_refused = True
        self._open(ACCOUNT_SPAN)
        log.error("carrier_account_refused", advice=_ADVICE)

    def _succeed(self) -> None:
        if self.is_open:
            log.info("carrier_circuit_closed")
        self._close()

    def _close(self) -> None:
        self._failures = 0
        self._span = FIRST_SPAN
        self._next_probe = None
        self._probing = False
        self._account_refused = False

    def _fail(self) -> None:
        self._failures += 1
        if self.is_open and not self._probing:
            # Said by texts that were under way when it opened.
            return
        if self.is_open or self._failures >= FAILURES_LIMIT:
            span = ACCOUNT_SPAN if self._account_refused else self._next_span()
            self._open(span)
            log.warning("carrier_circuit_open", seconds=span.total_seconds())

    def _next_span(self) -> timedelta:
        span, self._span = self._span, min(self._span * 2, LONGEST_SPAN)
        return span * (1 - self._jitter() / 2)

    def _open(self, span: timedelta) -> None:
        self._probing = False
        self._next_probe = self._clock.now() + span
