"""The servicer of PersonService."""

from conversation_service.application import queries
from conversation_service.application.admin.blocks import Blocks
from conversation_service.application.erasure import ErasureService
from conversation_service.application.number_lookups import NumberLookups
from conversation_service.application.opt_out_imports import OptOutImports
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolDirectory
from conversation_service.rpc.core.convert import page_size
from conversation_service.rpc.core.permissions import Context, current_caller
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.rpc.people.requests import imported_opt_outs
from conversation_service.rpc.people.responses import (
    block_to_proto,
    erasure_to_proto,
    import_result_to_proto,
    opt_out_to_proto,
)
from conversation_service.store.encryption.blind_index import PersonIds
from maskline.admin.v1 import person_pb2, person_pb2_grpc


class PersonServicer(person_pb2_grpc.PersonServiceServicer):
    def __init__(
        self,
        erasure: ErasureService,
        opt_outs: OptOuts,
        imports: OptOutImports,
        blocks: Blocks,
        directory: PoolDirectory,
        people: PersonIds,
        lookups: NumberLookups,
    ) -> None:
        self._erasure = erasure
        self._opt_outs = opt_outs
        self._imports = imports
        self._blocks = blocks
        self._directory = directory
        self._people = people
        self._lookups = lookups

    async def LookupParticipant(
        self, request: person_pb2.LookupParticipantRequest, context: Context
    ) -> person_pb2.LookupParticipantResponse:
        validator = RequestValidator()
        validator.identifier("pool_id", request.pool_id)
        validator.phone_number("phone_number", request.phone_number)
        validator.check()
        pool = await self._directory.by_name(request.pool_id)
        await self._lookups.record(current_caller(), pool.name)
        person = self._people.person(pool.name, request.phone_number)
        live = await queries.live_conversations_of(pool, person)
        return person_pb2.LookupParticipantResponse(
            participant_id=person.participant_id,
            conversation_ids=[conversation.conversation_id for conversation in live],
        )

    async def OptOutPerson(
        self, request: person_pb2.OptOutPersonRequest, context: Context
    ) -> person_pb2.OptOutPersonResponse:
        person_id = self._validated_person_id(request.phone_number, request.request_id)
        opt_out = await self._opt_outs.opt_out_for_request(request.request_id, person_id)
        return person_pb2.OptOutPersonResponse(opt_out=opt_out_to_proto(opt_out))

    async def OptInPerson(
        self, request: person_pb2.OptInPersonRequest, context: Context
    ) -> person_pb2.OptInPersonResponse:
        person_id = self._validated_person_id(request.phone_number, request.request_id)
        opt_out = await self._opt_outs.opt_in_for_request(request.request_id, person_id)
        return person_pb2.OptInPersonResponse(opt_out=opt_out_to_proto(opt_out))

    async def GetOptOut(
        self, request: person_pb2.GetOptOutRequest, context: Context
    ) -> person_pb2.GetOptOutResponse:
        person_id = self._validated_person_id(request.phone_number)
        await self._lookups.record(current_caller())
        opt_out = await self._opt_outs.get(person_id)
        return person_pb2.GetOptOutResponse(opt_out=opt_out_to_proto(opt_out))

    async def ErasePerson(
        self, request: person_pb2.ErasePersonRequest, context: Context
    ) -> person_pb2.ErasePersonResponse:
        validator = RequestValidator()
        validator.identifier("request_id", request.request_id)
        validator.phone_number("phone_number", request.phone_number)
        validator.check()
        erasure = await self._erasure.for_request(request.request_id, request.phone_number)
        return person_pb2.ErasePersonResponse(erasure=erasure_to_proto(erasure))

    async def GetErasure(
        self, request: person_pb2.GetErasureRequest, context: Context
    ) -> person_pb2.GetErasureResponse:
        validator = RequestValidator()
        validator.identifier("erasure_id", request.erasure_id)
        validator.check()
        erasure = await self._erasure.get(request.erasure_id)
        return person_pb2.GetErasureResponse(erasure=erasure_to_proto(erasure))

    async def ImportOptOuts(
        self, request: person_pb2.ImportOptOutsRequest, context: Context
    ) -> person_pb2.ImportOptOutsResponse:
        items = imported_opt_outs(request)
        results = await self._imports.run(request.request_id, items, request.note)
        return person_pb2.ImportOptOutsResponse(results=map(import_result_to_proto, results))

    async def ListBlocks(
        self, request: person_pb2.ListBlocksRequest, context: Context
    ) -> person_pb2.ListBlocksResponse:
        validator = RequestValidator()
        validator.identifier("pool_id", request.pool_id)
        validator.optional_identifier("participant_id", request.participant_id)
        validator.page_size(request.page_size)
        validator.optional_identifier("page_token", request.page_token)
        validator.check()
        page = await self._blocks.page(
            request.pool_id, request.participant_id, page_size(request), request.page_token
        )
        return person_pb2.ListBlocksResponse(
            blocks=map(block_to_proto, page.blocks), next_page_token=page.next_token
        )

    async def DeleteBlock(
        self, request: person_pb2.DeleteBlockRequest, context: Context
    ) -> person_pb2.DeleteBlockResponse:
        validator = RequestValidator()
        validator.identifier("request_id", request.request_id)
        validator.identifier("pool_id", request.pool_id)
        validator.identifier("block_id", request.block_id)
        validator.check()
        await self._blocks.delete(request.pool_id, request.request_id, request.block_id)
        return person_pb2.DeleteBlockResponse()

    def _validated_person_id(self, phone_number: str, request_id: str | None = None) -> str:
        validator = RequestValidator()
        if request_id is not None:
            validator.identifier("request_id", request_id)
        validator.phone_number("phone_number", phone_number)
        validator.check()
        return self._people.person_id(phone_number)
