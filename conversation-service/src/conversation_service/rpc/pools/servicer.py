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
from maskline.conversation.v1 import pool_pb2 as pb
from maskline.conversation.v1 import pool_pb2_grpc as rpc


class PoolServicer(rpc.PoolServiceServicer):
    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def CreatePool(
        self, request: pb.CreatePoolRequest, context: Context
    ) -> pb.CreatePoolResponse:
        settings, numbers = requests.new_pool(request)
        pool = await self._pools.create(request.name, request.request_id, settings, numbers)
        return pb.CreatePoolResponse(pool=pool_to_proto(pool))

    async def GetPool(self, request: pb.GetPoolRequest, context: Context) -> pb.GetPoolResponse:
        requests.validate_pool(request.pool)
        return pb.GetPoolResponse(pool=pool_to_proto(await self._pools.get(request.pool)))

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
            pool = await self._pools.update(request.pool, command)
        except InvalidArgument as refusal:
            raise requests.in_settings(refusal) from None
        return pb.UpdatePoolResponse(pool=pool_to_proto(pool))

    async def AddNumber(
        self, request: pb.AddNumberRequest, context: Context
    ) -> pb.AddNumberResponse:
        requests.validate_number(request)
        number = MaskedNumber(request.masked_number, is_reserved=request.is_reserved)
        pool = await self._pools.add_number(request.pool, request.request_id, number)
        return pb.AddNumberResponse(pool=pool_to_proto(pool))

    async def ListNumbers(
        self, request: pb.ListNumbersRequest, context: Context
    ) -> pb.ListNumbersResponse:
        requests.validate_list(request.page_size, request.page_token, request.pool)
        pool = await self._pools.get(request.pool)
        live = await self._pools.live_counts(request.pool)
        page, next_token = requests.page(pool.numbers, page_size(request), request.page_token)
        numbers = [number_to_proto(number, live.get(number.phone_number, 0)) for number in page]
        return pb.ListNumbersResponse(numbers=numbers, next_page_token=next_token)

    async def DrainNumber(
        self, request: pb.DrainNumberRequest, context: Context
    ) -> pb.DrainNumberResponse:
        requests.validate_number(request)
        pool = await self._pools.drain_number(
            request.pool, request.request_id, request.masked_number
        )
        return pb.DrainNumberResponse(pool=pool_to_proto(pool))

    async def RemoveNumber(
        self, request: pb.RemoveNumberRequest, context: Context
    ) -> pb.RemoveNumberResponse:
        requests.validate_number(request)
        pool = await self._pools.remove_number(
            request.pool, request.request_id, request.masked_number
        )
        return pb.RemoveNumberResponse(pool=pool_to_proto(pool))

    async def SyncNumbers(
        self, request: pb.SyncNumbersRequest, context: Context
    ) -> pb.SyncNumbersResponse:
        requests.validate_pool(request.pool)
        return differences_to_proto(await self._pools.compare(request.pool))

    async def GetPoolAdvice(
        self, request: pb.GetPoolAdviceRequest, context: Context
    ) -> pb.GetPoolAdviceResponse:
        requests.validate_pool(request.pool)
        return capacity_to_proto(await self._pools.capacity(request.pool))
