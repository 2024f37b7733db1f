"""Whether the messaging service accepts this service's credentials."""

import grpc
import structlog

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceStub

log = structlog.get_logger()

# A file of callers is changed by hand, so nobody waits for this.
INTERVAL_SECONDS = 5.0

# The method does nothing.
TIMEOUT_SECONDS = 1.0

REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


class MessagingAccess:
    """Asks again and again, for the health of this service.

    A messaging service that cannot be reached is no reason to be unhealthy: messages wait for it.
    One that refuses this service's credentials needs an operator.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = MessagingServiceStub(channel)
        self.is_accepted = False
        self._was_accepted = True

    async def run_once(self) -> float:
        """Sets `is_accepted`, which is False until the first call, and logs a refusal."""
        self.is_accepted = await self._is_accepted()
        if self._was_accepted and not self.is_accepted:
            log.warning("messaging_refuses_credentials", setting="CONVERSATION_MESSAGING_TOKEN")
        self._was_accepted = self.is_accepted
        return INTERVAL_SECONDS

    async def _is_accepted(self) -> bool:
        try:
            await self._stub.CheckAccess(pb.CheckAccessRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            return error.code() not in REFUSED
        return True
