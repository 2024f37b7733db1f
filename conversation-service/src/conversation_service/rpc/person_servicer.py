"""PersonService on the wire."""

from conversation_service.domain.erasure import Erasure
from conversation_service.operations.erasures import Erasures
from conversation_service.rpc.callers import Context
from conversation_service.rpc.resources import timestamp
from conversation_service.rpc.shape import Shape
from maskline.conversation.v1 import person_pb2 as pb
from maskline.conversation.v1 import person_pb2_grpc as rpc


class PersonServicer(rpc.PersonServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(self, erasures: Erasures) -> None:
        self._erasures = erasures

    async def ErasePerson(
        self, request: pb.ErasePersonRequest, context: Context
    ) -> pb.ErasePersonResponse:
        shape = Shape()
        shape.identifier("request_id", request.request_id)
        shape.phone_number("phone_number", request.phone_number)
        shape.check()
        made = await self._erasures.on_request(request.request_id, request.phone_number)
        return pb.ErasePersonResponse(erasure=_message(made))

    async def GetErasure(
        self, request: pb.GetErasureRequest, context: Context
    ) -> pb.GetErasureResponse:
        shape = Shape()
        shape.identifier("erasure_id", request.erasure_id)
        shape.check()
        found = await self._erasures.get(request.erasure_id)
        return pb.GetErasureResponse(erasure=_message(found))


def _message(erasure: Erasure) -> pb.Erasure:
    return pb.Erasure(
        erasure_id=erasure.erasure_id,
        erase_time=timestamp(erasure.time),
        erased_conversations=erasure.conversations,
        dropped_texts=erasure.texts,
    )
