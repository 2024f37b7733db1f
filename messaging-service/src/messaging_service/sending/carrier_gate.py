"""Circuit breaker and rate limiter in front of the carrier."""

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from messaging_service.carrier.port import Accepted, Answer, Carrier, NotSent, Refused, Uncertain
from messaging_service.limits.rate_limiter import RateLimiter, RateRequest
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.errors import (
    BackendUnavailable,
    CarrierCredentialsRejected,
    CarrierRateLimited,
    CarrierUnavailable,
    SendPaced,
)
from messaging_service.model.message import OutboundMessage
from messaging_service.model.segments import segments_of
from messaging_service.sending.circuit_breaker import CircuitBreaker
from runtime.redis.scripts import Command, Reply


@dataclass(frozen=True, slots=True)
class GateRequest:
    """One message that asks to be posted."""

    message: OutboundMessage
    segments: int
    rate: RateRequest
    # Set if the circuit is open.
    error: CarrierCredentialsRejected | CarrierUnavailable | None

    @property
    def commands(self) -> tuple[Command, ...]:
        """What to ask Redis."""
        return () if self.error else (self.rate.command,)


class CarrierGate:
    """Posts messages at the account's rate, and not while the circuit is open."""

    def __init__(
        self, carrier: Carrier, breaker: CircuitBreaker, limiter: RateLimiter, metrics: Metrics
    ) -> None:
        self._carrier = carrier
        self._breaker = breaker
        self._limiter = limiter
        self._metrics = metrics

    def request(self, message: OutboundMessage, media_count: int = 0) -> GateRequest:
        """Asks the circuit breaker now; the rate limiter is asked by the request's commands.

        Afterwards call `post`, `withdraw`, or `release` if the replies are not known.
        """
        segments = segments_of(message, media_count)
        rate = self._limiter.request(message, segments)
        return GateRequest(message, segments, rate, self._circuit_error())

    async def ask(self, request: GateRequest) -> Sequence[Reply]:
        """The replies to a request's commands, in a round trip of its own.

        Raises BackendUnavailable; the request is released then.
        """
        try:
            return [] if request.error else [await self._limiter.run(request.rate)]
        except BaseException:
            self.release(request)
            raise

    async def post(
        self,
        request: GateRequest,
        replies: Sequence[Reply],
        attempt_id: str,
        media_urls: Sequence[str] = (),
    ) -> Answer:
        """The carrier's answer, or NotSent if the message has to wait."""
        if request.error:
            return NotSent(request.error, "held back")
        wait = await self._limiter.admit(replies[0])
        if wait is not None:
            self.release(request)
            return NotSent(SendPaced(wait), "held back")
        answer = await self._carrier.send(request.message, attempt_id, media_urls)
        self._breaker.record(answer)
        return await self._record_outcome(request, answer)

    async def withdraw(self, request: GateRequest, replies: Sequence[Reply]) -> None:
        """The message is not to be posted after all; what was counted for it is taken back."""
        if not request.error:
            self.release(request)
            await self._update_limiter(self._limiter.withdraw(request.rate, replies[0]))

    def release(self, request: GateRequest) -> None:
        """The message is not posted. What was counted for it stays counted."""
        if not request.error:
            self._breaker.release()

    def _circuit_error(self) -> CarrierCredentialsRejected | CarrierUnavailable | None:
        wait = self._breaker.acquire()
        if wait is None:
            return None
        is_account = self._breaker.is_account_refused
        return CarrierCredentialsRejected(wait) if is_account else CarrierUnavailable(wait)

    async def _record_outcome(self, request: GateRequest, answer: Answer) -> Answer:
        match answer:
            case Accepted():
                self._metrics.segments_accepted(request.segments)
                await self._update_limiter(self._limiter.on_accepted())
            case NotSent(CarrierRateLimited() as error, why):
                self._metrics.rate_limited()
                await self._update_limiter(self._limiter.on_not_sent(request.rate))
                return NotSent(CarrierRateLimited(await self._penalise(error)), why)
            case NotSent() | Refused():
                await self._update_limiter(self._limiter.on_not_sent(request.rate))
            case Uncertain():
                # The carrier may have it, and may have counted it.
                pass
        return answer

    async def _update_limiter(self, call: Awaitable[None]) -> None:
        """The carrier's answer counts, whether or not the limiter learns of it."""
        with suppress(BackendUnavailable):
            await call

    async def _penalise(self, error: CarrierRateLimited) -> timedelta:
        requested = error.retry_after or timedelta(0)
        try:
            return await self._limiter.penalise(requested)
        except BackendUnavailable:
            # Replicas that do not learn of it get a 429 of their own.
            return requested
