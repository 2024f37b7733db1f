"""The last gate before the carrier: nothing is posted that has to wait."""

from collections.abc import Sequence
from datetime import timedelta

from messaging_service.carrier.port import Accepted, Answer, Carrier, NotSent
from messaging_service.limits.rate_limiter import RateLimiter
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.errors import (
    BackendUnavailable,
    CarrierAccountRefused,
    CarrierRateLimited,
    CarrierUnavailable,
    SendPaced,
)
from messaging_service.model.message import OutboundMessage
from messaging_service.model.segments import segments_of
from messaging_service.sending.circuit_breaker import CircuitBreaker


class CarrierGate:
    """Lets texts go to the carrier at its pace, and not while it is out of reach."""

    def __init__(
        self, carrier: Carrier, breaker: CircuitBreaker, pace: RateLimiter, metrics: Metrics
    ) -> None:
        self._carrier = carrier
        self._breaker = breaker
        self._pace = pace
        self._metrics = metrics

    async def post(
        self, text: OutboundMessage, attempt_id: str, media_urls: Sequence[str]
    ) -> Answer:
        """What the carrier answered, or NotSent for a text that has to wait.

        Raises BackendUnavailable, and has posted nothing then.
        """
        segments = segments_of(text, len(media_urls))
        held = await self._held(text, segments)
        if held:
            return NotSent(held, "held back")
        answer = await self._carrier.send(text, attempt_id, media_urls)
        self._breaker.note(answer)
        return await self._heard(answer, segments)

    async def _held(
        self, text: OutboundMessage, segments: int
    ) -> CarrierAccountRefused | CarrierUnavailable | SendPaced | None:
        wait = self._breaker.wait()
        if wait is not None:
            is_account = self._breaker.is_account_refused
            return CarrierAccountRefused(wait) if is_account else CarrierUnavailable(wait)
        try:
            wait = await self._pace.admit(text, segments)
        except BaseException:
            self._breaker.withdraw()
            raise
        if wait is None:
            return None
        self._breaker.withdraw()
        return SendPaced(wait)

    async def _heard(self, answer: Answer, segments: int) -> Answer:
        match answer:
            case Accepted():
                self._metrics.took(segments)
            case NotSent(CarrierRateLimited() as error, why):
                self._metrics.rate_limited()
                return NotSent(CarrierRateLimited(await self._slow_down(error)), why)
        return answer

    async def _slow_down(self, error: CarrierRateLimited) -> timedelta:
        asked = error.retry_after or timedelta(0)
        try:
            return await self._pace.slow_down(asked)
        except BackendUnavailable:
            # The carrier says so again, should others not have heard of it.
            return asked
