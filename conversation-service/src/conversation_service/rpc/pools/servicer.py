"""PoolService on the wire."""

from conversation_service.application.admin.pools import Pools
from conversation_service.domain.errors import InvalidArgument
from conversation_service.domain.model.pool import MaskedNumber
from conversation_service.rpc.core.convert import page_size
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.pools import requests as requests
from conversation_service.rpc.pools.responses import (
    advice_message,
    differences_message,
    number_message,
    pool_message,
)
from maskline.conversation.v1 import pool_pb2 as pb
from maskline.conversation.v1 import pool_pb2_grpc as rpc


class PoolServicer(rpc.PoolServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def CreatePool(
        self, request: pb.CreatePoolRequest, context: Context
    ) -> pb.CreatePoolResponse:
        settings, numbers = requests.created(request)
        pool = await self._pools.create(request.name, request.request_id, settings, numbers)
        return pb.CreatePoolResponse(pool=pool_message(pool))

    async def GetPool(self, request: pb.GetPoolRequest, context: Context) -> pb.GetPoolResponse:
        requests.check_pool(request.pool)
        return pb.GetPoolResponse(pool=pool_message(await self._pools.get(request.pool)))

    async def ListPools(
        self, request: pb.ListPoolsRequest, context: Context
    ) -> pb.ListPoolsResponse:
        requests.check_list(request.page_size, request.page_token)
        pools = await self._pools.all()
        found, following = requests.page(pools, page_size(request), request.page_token)
        return pb.ListPoolsResponse(pools=map(pool_message, found), next_page_token=following)

    async def UpdatePool(
        self, request: pb.UpdatePoolRequest, context: Context
    ) -> pb.UpdatePoolResponse:
        settings, fields = requests.updated(request)
        try:
            pool = await self._pools.update(request.pool, request.request_id, settings, fields)
        except InvalidArgument as refusal:
            raise requests.in_settings(refusal) from None
        return pb.UpdatePoolResponse(pool=pool_message(pool))

    async def AddNumber(
        self, request: pb.AddNumberRequest, context: Context
    ) -> pb.AddNumberResponse:
        requests.check_number(request)
        number = MaskedNumber(request.masked_number, is_reserved=request.is_reserved)
        pool = await self._pools.add_number(request.pool, request.request_id, number)
        return pb.AddNumberResponse(pool=pool_message(pool))

    async def ListNumbers(
        self, request: pb.ListNumbersRequest, context: Context
    ) -> pb.ListNumbersResponse:
        requests.check_list(request.page_size, request.page_token, request.pool)
        pool = await self._pools.get(request.pool)
        loads = await self._pools.loads(request.pool)
        found, following = requests.page(pool.numbers, page_size(request), request.page_token)
        listed = [number_message(one, loads.get(one.phone_number, 0)) for one in found]
        return pb.ListNumbersResponse(numbers=listed, next_page_token=following)

    async def DrainNumber(
        self, request: pb.DrainNumberRequest, context: Context
    ) -> pb.DrainNumberResponse:
        requests.check_number(request)
        name, number = request.request_id, request.masked_number
        pool = await self._pools.drain_number(request.pool, name, number)
        return pb.DrainNumberResponse(pool=pool_message(pool))

    async def RemoveNumber(
        self, request: pb.RemoveNumberRequest, context: Context
    ) -> pb.RemoveNumberResponse:
        requests.check_number(request)
        name, number = request.request_id, request.masked_number
        pool = await self._pools.remove_number(request.pool, name, number)
        return pb.RemoveNumberResponse(pool=pool_message(pool))

    async def SyncNumbers(
        self, request: pb.SyncNumbersRequest, context: Context
    ) -> pb.SyncNumbersResponse:
        requests.check_pool(request.pool)
        return differences_message(await self._pools.compare(request.pool))

    async def GetPoolAdvice(
        self, request: pb.GetPoolAdviceRequest, context: Context
    ) -> pb.GetPoolAdviceResponse:
        requests.check_pool(request.pool)
        return advice_message(await self._pools.advice(request.pool))
