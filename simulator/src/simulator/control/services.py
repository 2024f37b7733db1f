"""The health of Maskline's services, as far as the simulator can see it."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import httpx

from runtime.healthcheck import TIMEOUT_SECONDS, grpc_is_serving
from simulator.http.tls import client_context

# All open pages share a check that is not older.
REUSED_SECONDS = 1.0


class ServiceState(StrEnum):
    """UNKNOWN: the service is seen through another one, which does not respond."""

    READY = "ready"
    NOT_READY = "not_ready"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Service:
    """One service at the time of the check."""

    name: str
    state: ServiceState


class Services:
    """Asks the gateway at /readyz, and the messaging service over gRPC if its address is known.

    The conversation service is where the gateway sees it: the simulator has no link to it.
    """

    def __init__(self, gateway_url: str, messaging_target: str | None) -> None:
        self._readiness_url = f"{gateway_url}/readyz"
        self._messaging_target = messaging_target
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, trust_env=False, verify=client_context()
        )
        self._lock = asyncio.Lock()
        self._last: tuple[Service, ...] = ()
        self._last_time = 0.0

    async def check(self) -> tuple[Service, ...]:
        """The services in the order in which a text reaches them."""
        now = asyncio.get_running_loop().time
        async with self._lock:
            if not self._last or now() - self._last_time > REUSED_SECONDS:
                behind_gateway, messaging = await asyncio.gather(
                    self._gateway(), self._messaging_service()
                )
                self._last, self._last_time = (*behind_gateway, *messaging), now()
            return self._last

    async def close(self) -> None:
        """Closes the connection to the gateway."""
        await self._http.aclose()

    async def _gateway(self) -> tuple[Service, ...]:
        gateway, conversations = _STATES.get(await self._readiness(), _NO_GATEWAY)
        return Service("gateway", gateway), Service("conversation service", conversations)

    async def _readiness(self) -> int | None:
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                self._http.stream("GET", self._readiness_url) as response,
            ):
                return response.status_code
        except (TimeoutError, httpx.HTTPError):
            return None

    async def _messaging_service(self) -> tuple[Service, ...]:
        if self._messaging_target is None:
            return ()
        serving = await grpc_is_serving(self._messaging_target)
        state = ServiceState.READY if serving else ServiceState.NOT_READY
        return (Service("messaging service", state),)


# By status of /readyz: the gateway and the conversation service behind it.
_STATES: dict[int | None, tuple[ServiceState, ServiceState]] = {
    HTTPStatus.OK: (ServiceState.READY, ServiceState.READY),
    HTTPStatus.SERVICE_UNAVAILABLE: (ServiceState.READY, ServiceState.NOT_READY),
}
_NO_GATEWAY = (ServiceState.NOT_READY, ServiceState.UNKNOWN)
