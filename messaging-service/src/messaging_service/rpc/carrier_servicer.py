"""The gRPC servicer of carrier accounts: from protobuf, run, to protobuf."""

from grpc.aio import ServicerContext

from maskline.messaging.v1 import carrier_pb2 as pb
from maskline.messaging.v1.carrier_pb2_grpc import CarrierServiceServicer
from messaging_service.carrier.adapter import CarrierAdapter
from messaging_service.carrier.port import Direction
from messaging_service.model.carrier_accounts import ONLY_ACCOUNT, check_account
from messaging_service.model.errors import CapabilityMissing
from messaging_service.rpc import account as mapping
from messaging_service.rpc import records as records_mapping

CARRIER_SERVICE_NAME = pb.DESCRIPTOR.services_by_name["CarrierService"].full_name


class CarrierServicer(CarrierServiceServicer):
    """Implements maskline.messaging.v1.CarrierService."""

    def __init__(self, adapter: CarrierAdapter) -> None:
        self._adapter = adapter

    async def ListCarrierAccounts(
        self,
        request: pb.ListCarrierAccountsRequest,
        context: ServicerContext[pb.ListCarrierAccountsRequest, pb.ListCarrierAccountsResponse],
    ) -> pb.ListCarrierAccountsResponse:
        return mapping.accounts_to_proto(request, self._adapter)

    async def CheckCarrierAccount(
        self,
        request: pb.CheckCarrierAccountRequest,
        context: ServicerContext[pb.CheckCarrierAccountRequest, pb.CheckCarrierAccountResponse],
    ) -> pb.CheckCarrierAccountResponse:
        check_account(request.carrier_account_id)
        return mapping.checks_to_proto(await self._adapter.account.check())

    async def ListCarrierNumbers(
        self,
        request: pb.ListCarrierNumbersRequest,
        context: ServicerContext[pb.ListCarrierNumbersRequest, pb.ListCarrierNumbersResponse],
    ) -> pb.ListCarrierNumbersResponse:
        page = await self._adapter.account.list_numbers(mapping.page_from_proto(request))
        return mapping.numbers_to_proto(page)

    async def ListInboundRecords(
        self,
        request: pb.ListInboundRecordsRequest,
        context: ServicerContext[pb.ListInboundRecordsRequest, pb.ListInboundRecordsResponse],
    ) -> pb.ListInboundRecordsResponse:
        span, page = records_mapping.span_and_page_from_proto(request)
        records = self._adapter.inbound_records
        if records is None:
            raise CapabilityMissing(ONLY_ACCOUNT)
        result = await records.list_records(Direction.INBOUND, span, page)
        return records_mapping.records_to_proto(result)
