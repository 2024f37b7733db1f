"""A messaging service whose carrier refuses the account's keys."""

from dataclasses import dataclass
from typing import Never

import grpc

from maskline.messaging.v1 import carrier_pb2 as pb
from support.fakes.scripted_messaging import Context, ScriptedMessaging


@dataclass
class RefusingCarrier(ScriptedMessaging):
    """Refuses to list numbers."""

    async def ListCarrierNumbers(
        self, request: pb.ListCarrierNumbersRequest, context: Context
    ) -> Never:
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "refused")
