"""Circuit breaker and rate limiter in front of the carrier."""

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import timedelta

from messaging_service.carrier.port import Accepted, Answer, Carrier, NotSent, Refused, Uncertain
from messaging_service.limits.rate_limiter import RateLimiter
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


class CarrierGate:
    """Posts messages at the account's rate, and not while the circuit is open."""

    def __init__(
        self, carrier: Carrier, breaker: CircuitBreaker, limiter: RateLimiter, metrics: Metrics
    ) -> None:
        self._carrier = carrier
        self._breaker = breaker
        self._limiter = limiter
        self._metrics = metrics

    async def post(
        self, message: OutboundMessage, attempt_id: str, media_urls: Sequence[str]
    ) -> Answer:
        """The carrier's answer, or NotSent if the message has to wait.

        Raises BackendUnavailable if the rate limiter does; nothing was posted then.
        """
        segments = segments_of(message, len(media_urls))
        error = await self._blocked_by(message, segments)
        if error:
            return NotSent(error, "held back")
        answer = await self._carrier.send(message, attempt_id, media_urls)
        self._breaker.record(answer)
        return await self._record_outcome(message, segments, answer)

    async def _blocked_by(
        self, message: OutboundMessage, segments: int
    ) -> CarrierCredentialsRejected | CarrierUnavailable | SendPaced | None:
        wait = self._breaker.acquire()
        if wait is not None:
            is_account = self._breaker.is_account_refused
            return CarrierCredentialsRejected(wait) if is_account else CarrierUnavailable(wait)
        try:
            wait = await self._limiter.acquire(message, segments)
        except BaseException:
            self._breaker.release()
            raise
        if wait is None:
            return None
        self._breaker.release()
        return SendPaced(wait)

    async def _record_outcome(
        self, message: OutboundMessage, segments: int, answer: Answer
    ) -> Answer:
        match answer:
            case Accepted():
                self._metrics.segments_accepted(segments)
                await self._update_limiter(self._limiter.on_accepted())
            case NotSent(CarrierRateLimited() as error, why):
                self._metrics.rate_limited()
                await self._update_limiter(self._limiter.on_not_sent(message, segments))
                return NotSent(CarrierRateLimited(await self._penalise(error)), why)
            case NotSent() | Refused():
                await self._update_limiter(self._limiter.on_not_sent(message, segments))
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
