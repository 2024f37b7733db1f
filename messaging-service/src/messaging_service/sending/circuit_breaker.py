"""Circuit breaker: stops sending while the carrier fails or refuses the account."""

import random
from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto

import structlog

from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Uncertain
from messaging_service.model.errors import CarrierCredentialsRejected, CarrierUnavailable
from runtime.clock import Clock

log = structlog.get_logger()

# One or two unconfirmed sends happen every day; five failures in a row are an outage.
FAILURES_LIMIT = 5

# Most outages are a restart or a lost connection, and over in seconds.
FIRST_OPEN_TIME = timedelta(seconds=1)

# After an outage of the carrier, sending resumes at most this much later.
MAX_OPEN_TIME = timedelta(minutes=1)

# Keys are replaced by hand. More frequent probes would look like an attack on the account.
ACCOUNT_REFUSED_TIME = timedelta(minutes=1)

# Above the default send timeout: a probe without a result by then will have none.
PROBE_TIMEOUT = timedelta(seconds=15)

_ADVICE = "check MESSAGING_FLOWROUTE_ACCESS_KEY and MESSAGING_FLOWROUTE_SECRET_KEY"


class State(Enum):
    """CLOSED sends everything, OPEN nothing, HALF_OPEN waits for the result of one probe."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class CircuitBreaker:
    """Opens after failures in a row; when its time is over, one message is let through as a probe.

    Each process has its own: it detects an outage by a few messages of its own, and a process whose
    own network is broken must not stop the others.
    """

    _state: State
    _failures: int
    _open_time: timedelta
    _next_probe: timedelta
    _is_account_refused: bool

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        """`jitter` returns 0 to 1, so that replicas that failed together do not retry together."""
        self._clock = clock
        self._jitter = jitter
        self._close()

    @property
    def is_open(self) -> bool:
        """Whether messages are held back, a probe aside."""
        return self._state is not State.CLOSED

    @property
    def is_account_refused(self) -> bool:
        """Whether the carrier refused the keys and has accepted nothing since."""
        return self._is_account_refused

    def acquire(self) -> timedelta | None:
        """None if a message may be sent, otherwise how long it has to wait.

        After None the caller has to call `record` with the carrier's answer, or `release`.
        """
        if self._state is State.CLOSED:
            return None
        now = self._clock.monotonic()
        if now < self._next_probe:
            # The result of a probe may come at any moment.
            return FIRST_OPEN_TIME if self._state is State.HALF_OPEN else self._next_probe - now
        self._state = State.HALF_OPEN
        self._next_probe = now + PROBE_TIMEOUT
        return None

    def release(self) -> None:
        """The message was not sent after all, so the next one may be the probe."""
        if self._state is State.HALF_OPEN:
            self._open(timedelta(0))

    def record(self, answer: Answer) -> None:
        """Takes the carrier's answer to a message that was let through."""
        match answer:
            case Accepted() | Refused():
                self._succeed()
            case Uncertain() | NotSent(CarrierUnavailable()):
                self._fail()
            case NotSent(CarrierCredentialsRejected()):
                self._refuse_account()
            case NotSent():
                # The carrier works; a rate limit is the rate limiter's concern.
                self.release()

    def _refuse_account(self) -> None:
        if self._is_account_refused and self._state is State.OPEN:
            # The answer to a message that was under way when the first refusal came.
            return
        self._is_account_refused = True
        self._open(ACCOUNT_REFUSED_TIME)
        log.error("carrier_account_refused", advice=_ADVICE)

    def _succeed(self) -> None:
        if self.is_open:
            log.info("carrier_circuit_closed")
        self._close()

    def _close(self) -> None:
        self._state = State.CLOSED
        self._failures = 0
        self._open_time = FIRST_OPEN_TIME
        self._is_account_refused = False

    def _fail(self) -> None:
        self._failures += 1
        if self._state is State.OPEN:
            # The answer to a message that was under way when the circuit opened.
            return
        if self._state is State.HALF_OPEN or self._failures >= FAILURES_LIMIT:
            span = ACCOUNT_REFUSED_TIME if self._is_account_refused else self._next_open_time()
            self._open(span)
            log.warning("carrier_circuit_open", seconds=span.total_seconds())

    def _next_open_time(self) -> timedelta:
        span, self._open_time = self._open_time, min(self._open_time * 2, MAX_OPEN_TIME)
        return span * (1 - self._jitter() / 2)

    def _open(self, span: timedelta) -> None:
        self._state = State.OPEN
        self._next_probe = self._clock.monotonic() + span
