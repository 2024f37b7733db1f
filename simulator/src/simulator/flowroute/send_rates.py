"""Flowroute's documented limits of sending, enforced strictly."""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from runtime.clock import Clock
from simulator.flowroute.errors import FlowrouteError
from simulator.record_factory import SendRequest

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class SendRates:
    """How many SMS and MMS are accepted in any second; 0 for no limit."""

    sms_per_second: int = 0
    mms_per_second: int = 0


class SendLimiter:
    """Counts requests, however long their messages are: 429 does not depend on segments."""

    def __init__(self, rates: SendRates, clock: Clock) -> None:
        self._clock = clock
        self._limits = {False: rates.sms_per_second, True: rates.mms_per_second}
        self._times: dict[bool, deque[timedelta]] = {False: deque(), True: deque()}

    def admit(self, outgoing: SendRequest) -> None:
        """Counts a request. Raises FlowrouteError 429, without Retry-After, and counts nothing."""
        limit, times = self._limits[outgoing.is_mms], self._times[outgoing.is_mms]
        if not limit:
            return
        now = self._clock.monotonic()
        while times and times[0] <= now - _SECOND:
            times.popleft()
        if len(times) >= limit:
            raise FlowrouteError(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.")
        times.append(now)
