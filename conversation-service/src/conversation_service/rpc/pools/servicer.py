"""The servicer of PoolService."""

from conversation_service.application.admin.pools import Pools
from conversation_service.domain.commands.operator.masked_numbers import (
    ActivateMaskedNumber,
    AddMaskedNumber,
    DrainMaskedNumber,
    RemoveMaskedNumber,
)
from conversation_service.domain.errors import InvalidArgument
from conversation_service.domain.model.pool import MaskedNumber
from conversation_service.rpc.core.convert import page_size
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.pools import requests
from conversation_service.rpc.pools.responses import (
    capacity_to_proto,
    differences_to_proto,
    number_to_proto,
    pool_to_proto,
)
from maskline.admin.v1 import pool_pb2 as pb
from maskline.admin.v1 import pool_pb2_grpc as rpc


class PoolServicer(rpc.PoolServiceServicer):
    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def CreatePool(
        self, request: pb.CreatePoolRequest, context: Context
    ) -> pb.CreatePoolResponse:
        settings, numbers = requests.new_pool(request)
        pool = await self._pools.create(request.pool_id, request.request_id, settings, numbers)
        return pb.CreatePoolResponse(pool=pool_to_proto(pool))

    async def GetPool(self, request: pb.GetPoolRequest, context: Context) -> pb.GetPoolResponse:
        requests.validate_pool(request.pool_id)
        return pb.GetPoolResponse(pool=pool_to_proto(await self._pools.get(request.pool_id)))

    async def ListPools(
        self, request: pb.ListPoolsRequest, context: Context
    ) -> pb.ListPoolsResponse:
        requests.validate_pool_list(request)
        size = page_size(request)
        pools = await self._pools.pools(request.page_token, size + 1)
        next_token = pools[size - 1].name if len(pools) > size else ""
        page = map(pool_to_proto, pools[:size])
        return pb.ListPoolsResponse(pools=page, next_page_token=next_token)

    async def UpdatePool(
        self, request: pb.UpdatePoolRequest, context: Context
    ) -> pb.UpdatePoolResponse:
        command = requests.pool_update(request)
        try:
            pool = await self._pools.update(request.pool.pool_id, command)
        except InvalidArgument as refusal:
            raise requests.in_settings(refusal) from None
        return pb.UpdatePoolResponse(pool=pool_to_proto(pool))

    async def GetPoolCapacity(
        self, request: pb.GetPoolCapacityRequest, context: Context
    ) -> pb.GetPoolCapacityResponse:
        requests.validate_pool(request.pool_id)
        report = await self._pools.capacity(request.pool_id)
        return pb.GetPoolCapacityResponse(pool_capacity=capacity_to_proto(report))

    async def AddMaskedNumber(
        self, request: pb.AddMaskedNumberRequest, context: Context
    ) -> pb.AddMaskedNumberResponse:
        requests.validate_number_change(request)
        number = MaskedNumber(request.masked_number, is_reserved=request.reserved)
        command = AddMaskedNumber(request.request_id, number)
        use = await self._pools.add_number(request.pool_id, command)
        return pb.AddMaskedNumberResponse(masked_number=number_to_proto(use))

    async def GetMaskedNumber(
        self, request: pb.GetMaskedNumberRequest, context: Context
    ) -> pb.GetMaskedNumberResponse:
        requests.validate_number(request)
        use = await self._pools.get_number(request.pool_id, request.masked_number)
        return pb.GetMaskedNumberResponse(masked_number=number_to_proto(use))

    async def ListMaskedNumbers(
        self, request: pb.ListMaskedNumbersRequest, context: Context
    ) -> pb.ListMaskedNumbersResponse:
        requests.validate_number_list(request)
        size = page_size(request)
        uses = await self._pools.numbers(request.pool_id, request.page_token, size + 1)
        return pb.ListMaskedNumbersResponse(
            masked_numbers=map(number_to_proto, uses[:size]),
            next_page_token=uses[size - 1].number.phone_number if len(uses) > size else "",
        )

    async def UpdateMaskedNumber(
        self, request: pb.UpdateMaskedNumberRequest, context: Context
    ) -> pb.UpdateMaskedNumberResponse:
        use = await self._pools.change_number(request.pool_id, requests.number_update(request))
        return pb.UpdateMaskedNumberResponse(masked_number=number_to_proto(use))

    async def ActivateMaskedNumber(
        self, request: pb.ActivateMaskedNumberRequest, context: Context
    ) -> pb.ActivateMaskedNumberResponse:
        requests.validate_number_change(request)
        command = ActivateMaskedNumber(request.request_id, request.masked_number)
        use = await self._pools.change_number(request.pool_id, command)
        return pb.ActivateMaskedNumberResponse(masked_number=number_to_proto(use))

    async def DrainMaskedNumber(
        self, request: pb.DrainMaskedNumberRequest, context: Context
    ) -> pb.DrainMaskedNumberResponse:
        requests.validate_number_change(request)
        command = DrainMaskedNumber(request.request_id, request.masked_number)
        use = await self._pools.change_number(request.pool_id, command)
        return pb.DrainMaskedNumberResponse(masked_number=number_to_proto(use))

    async def RemoveMaskedNumber(
        self, request: pb.RemoveMaskedNumberRequest, context: Context
    ) -> pb.RemoveMaskedNumberResponse:
        requests.validate_number_change(request)
        command = RemoveMaskedNumber(request.request_id, request.masked_number)
        use = await self._pools.remove_number(request.pool_id, command)
        return pb.RemoveMaskedNumberResponse(masked_number=number_to_proto(use))

    async def CompareMaskedNumbers(
        self, request: pb.CompareMaskedNumbersRequest, context: Context
    ) -> pb.CompareMaskedNumbersResponse:
        requests.validate_pool(request.pool_id)
        return differences_to_proto(await self._pools.compare(request.pool_id))
