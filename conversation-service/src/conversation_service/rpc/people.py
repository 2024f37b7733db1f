"""The servicers that concern single people: PersonService and PersonService."""

from conversation_service.application import queries
from conversation_service.application.erasure import ErasureService
from conversation_service.application.number_lookups import NumberLookups
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolDirectory
from conversation_service.domain.model.consent import Erasure, OptOut, OptOutSource
from conversation_service.rpc.core.convert import timestamp
from conversation_service.rpc.core.permissions import Context, current_caller
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.encryption.blind_index import PersonIds
from maskline.admin.v1 import person_pb2, person_pb2_grpc

_SOURCES = {
    source: person_pb2.OptOutSource.Value(f"OPT_OUT_SOURCE_{source}") for source in OptOutSource
}


class PersonServicer(person_pb2_grpc.PersonServiceServicer):
    def __init__(
        self,
        erasure: ErasureService,
        opt_outs: OptOuts,
        directory: PoolDirectory,
        people: PersonIds,
        lookups: NumberLookups,
    ) -> None:
        self._erasure = erasure
        self._opt_outs = opt_outs
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
        return person_pb2.OptOutPersonResponse(opt_out=_opt_out_to_proto(opt_out))

    async def OptInPerson(
        self, request: person_pb2.OptInPersonRequest, context: Context
    ) -> person_pb2.OptInPersonResponse:
        person_id = self._validated_person_id(request.phone_number, request.request_id)
        opt_out = await self._opt_outs.opt_in_for_request(request.request_id, person_id)
        return person_pb2.OptInPersonResponse(opt_out=_opt_out_to_proto(opt_out))

    async def GetOptOut(
        self, request: person_pb2.GetOptOutRequest, context: Context
    ) -> person_pb2.GetOptOutResponse:
        person_id = self._validated_person_id(request.phone_number)
        await self._lookups.record(current_caller())
        opt_out = await self._opt_outs.get(person_id)
        return person_pb2.GetOptOutResponse(opt_out=_opt_out_to_proto(opt_out))

    async def ErasePerson(
        self, request: person_pb2.ErasePersonRequest, context: Context
    ) -> person_pb2.ErasePersonResponse:
        validator = RequestValidator()
        validator.identifier("request_id", request.request_id)
        validator.phone_number("phone_number", request.phone_number)
        validator.check()
        erasure = await self._erasure.for_request(request.request_id, request.phone_number)
        return person_pb2.ErasePersonResponse(erasure=_erasure_to_proto(erasure))

    async def GetErasure(
        self, request: person_pb2.GetErasureRequest, context: Context
    ) -> person_pb2.GetErasureResponse:
        validator = RequestValidator()
        validator.identifier("erasure_id", request.erasure_id)
        validator.check()
        erasure = await self._erasure.get(request.erasure_id)
        return person_pb2.GetErasureResponse(erasure=_erasure_to_proto(erasure))

    def _validated_person_id(self, phone_number: str, request_id: str | None = None) -> str:
        validator = RequestValidator()
        if request_id is not None:
            validator.identifier("request_id", request_id)
        validator.phone_number("phone_number", phone_number)
        validator.check()
        return self._people.person_id(phone_number)


def _opt_out_to_proto(opt_out: OptOut | None) -> person_pb2.OptOut:
    if opt_out is None:
        return person_pb2.OptOut(is_opted_out=False)
    return person_pb2.OptOut(
        is_opted_out=True, opt_out_time=timestamp(opt_out.time), source=_SOURCES[opt_out.source]
    )


def _erasure_to_proto(erasure: Erasure) -> person_pb2.Erasure:
    return person_pb2.Erasure(
        erasure_id=erasure.erasure_id,
        erase_time=timestamp(erasure.time),
        erased_conversations=erasure.conversations,
        dropped_texts=erasure.texts,
    )
