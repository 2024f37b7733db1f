"""OptOutService on the wire."""

from conversation_service.domain.opt_outs import OptOut, OptOutSource
from conversation_service.operations.opt_outs import OptOuts
from conversation_service.rpc.callers import Context
from conversation_service.rpc.resources import timestamp
from conversation_service.rpc.shape import Shape
from conversation_service.store.people import People
from maskline.conversation.v1 import opt_out_pb2 as pb
from maskline.conversation.v1 import opt_out_pb2_grpc as rpc

_SOURCES = {source: pb.OptOutSource.Value(f"OPT_OUT_SOURCE_{source}") for source in OptOutSource}


class OptOutServicer(rpc.OptOutServiceServicer):
    """Wire to domain and back. Repeating a call changes nothing more, so it needs no receipt."""

    def __init__(self, opt_outs: OptOuts, people: People) -> None:
        self._opt_outs = opt_outs
        self._people = people

    async def OptOut(self, request: pb.OptOutRequest, context: Context) -> pb.OptOutResponse:
        person_id = self._checked(request.phone_number, request.request_id)
        await self._opt_outs.opt_out(person_id, OptOutSource.CLIENT, request.request_id)
        return pb.OptOutResponse(state=await self._state(person_id))

    async def OptIn(self, request: pb.OptInRequest, context: Context) -> pb.OptInResponse:
        person_id = self._checked(request.phone_number, request.request_id)
        await self._opt_outs.opt_in(person_id)
        return pb.OptInResponse(state=await self._state(person_id))

    async def GetOptOut(
        self, request: pb.GetOptOutRequest, context: Context
    ) -> pb.GetOptOutResponse:
        return pb.GetOptOutResponse(state=await self._state(self._checked(request.phone_number)))

    def _checked(self, phone_number: str, request_id: str | None = None) -> str:
        shape = Shape()
        if request_id is not None:
            shape.identifier("request_id", request_id)
        shape.phone_number("phone_number", phone_number)
        shape.check()
        return self._people.person_id(phone_number)

    async def _state(self, person_id: str) -> pb.OptOutState:
        return _message(await self._opt_outs.get(person_id))


def _message(opt_out: OptOut | None) -> pb.OptOutState:
    if opt_out is None:
        return pb.OptOutState(is_opted_out=False)
    return pb.OptOutState(
        is_opted_out=True,
        opt_out_time=timestamp(opt_out.time),
        source=_SOURCES[opt_out.source],
    )
