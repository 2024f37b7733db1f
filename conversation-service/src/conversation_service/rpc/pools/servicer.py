"""The servicer of PoolService."""

from conversation_service.application.admin.pools import Pools
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
        requests.validate_list(request.page_size, request.page_token)
        pools = await self._pools.all_pools()
        page, next_token = requests.page(pools, page_size(request), request.page_token)
        return pb.ListPoolsResponse(pools=map(pool_to_proto, page), next_page_token=next_token)

    async def UpdatePool(
        self, request: pb.UpdatePoolRequest, context: Context
    ) -> pb.UpdatePoolResponse:
        command = requests.pool_update(request)
        try:
            pool = await self._pools.update(request.pool.pool_id, command)
        except InvalidArgument as refusal:
            raise requests.in_settings(refusal) from None
        return pb.UpdatePoolResponse(pool=pool_to_proto(pool))

    async def AddMaskedNumber(
        self, request: pb.AddMaskedNumberRequest, context: Context
    ) -> pb.AddMaskedNumberResponse:
        requests.validate_number(request)
        number = MaskedNumber(request.masked_number, is_reserved=request.is_reserved)
        pool = await self._pools.add_number(request.pool_id, request.request_id, number)
        return pb.AddMaskedNumberResponse(pool=pool_to_proto(pool))

    async def ListMaskedNumbers(
        self, request: pb.ListMaskedNumbersRequest, context: Context
    ) -> pb.ListMaskedNumbersResponse:
        requests.validate_list(request.page_size, request.page_token, request.pool_id)
        pool = await self._pools.get(request.pool_id)
        live = await self._pools.live_counts(request.pool_id)
        page, next_token = requests.page(pool.numbers, page_size(request), request.page_token)
        numbers = [number_to_proto(number, live.get(number.phone_number, 0)) for number in page]
        return pb.ListMaskedNumbersResponse(numbers=numbers, next_page_token=next_token)

    async def DrainMaskedNumber(
        self, request: pb.DrainMaskedNumberRequest, context: Context
    ) -> pb.DrainMaskedNumberResponse:
        requests.validate_number(request)
        pool = await self._pools.drain_number(
            request.pool_id, request.request_id, request.masked_number
        )
        return pb.DrainMaskedNumberResponse(pool=pool_to_proto(pool))

    async def RemoveMaskedNumber(
        self, request: pb.RemoveMaskedNumberRequest, context: Context
    ) -> pb.RemoveMaskedNumberResponse:
        requests.validate_number(request)
        pool = await self._pools.remove_number(
            request.pool_id, request.request_id, request.masked_number
        )
        return pb.RemoveMaskedNumberResponse(pool=pool_to_proto(pool))

    async def CompareMaskedNumbers(
        self, request: pb.CompareMaskedNumbersRequest, context: Context
    ) -> pb.CompareMaskedNumbersResponse:
        requests.validate_pool(request.pool_id)
        return differences_to_proto(await self._pools.compare(request.pool_id))

    async def GetPoolCapacity(
        self, request: pb.GetPoolCapacityRequest, context: Context
    ) -> pb.GetPoolCapacityResponse:
        requests.validate_pool(request.pool_id)
        return capacity_to_proto(await self._pools.capacity(request.pool_id))
