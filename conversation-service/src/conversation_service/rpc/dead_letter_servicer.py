"""DeadLetterService on the wire."""

from conversation_service.operations.dead_letters import DeadLetterDesk
from conversation_service.rpc.callers import Context
from conversation_service.rpc.requests import page_size
from conversation_service.rpc.resources import timestamp
from conversation_service.rpc.shape import Shape
from conversation_service.store.dead_letters import DeadLetter, Death
from maskline.conversation.v1 import dead_letter_pb2 as pb
from maskline.conversation.v1 import dead_letter_pb2_grpc as rpc

_REASONS = {death: pb.DeadLetterReason.Value(f"DEAD_LETTER_REASON_{death}") for death in Death}


class DeadLetterServicer(rpc.DeadLetterServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(self, desk: DeadLetterDesk) -> None:
        self._desk = desk

    async def ListDeadLetters(
        self, request: pb.ListDeadLettersRequest, context: Context
    ) -> pb.ListDeadLettersResponse:
        shape = Shape()
        shape.identifier("pool", request.pool)
        shape.not_negative("page_size", request.page_size)
        shape.cursor("page_token", request.page_token)
        shape.check()
        page = await self._desk.page(request.pool, page_size(request), request.page_token)
        return pb.ListDeadLettersResponse(
            dead_letters=map(_message, page.letters), next_page_token=page.next_token
        )

    async def ReplayDeadLetter(
        self, request: pb.ReplayDeadLetterRequest, context: Context
    ) -> pb.ReplayDeadLetterResponse:
        _check(request)
        name = await self._desk.replay(request.pool, request.request_id, request.dead_letter_id)
        return pb.ReplayDeadLetterResponse(message_id=name)

    async def DropDeadLetter(
        self, request: pb.DropDeadLetterRequest, context: Context
    ) -> pb.DropDeadLetterResponse:
        _check(request)
        name = await self._desk.drop(request.pool, request.request_id, request.dead_letter_id)
        return pb.DropDeadLetterResponse(message_id=name)


def _check(request: pb.ReplayDeadLetterRequest | pb.DropDeadLetterRequest) -> None:
    shape = Shape()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.identifier("dead_letter_id", request.dead_letter_id)
    shape.check()


def _message(letter: DeadLetter) -> pb.DeadLetter:
    return pb.DeadLetter(
        dead_letter_id=letter.dead_letter_id,
        message_id=letter.message_id,
        conversation_id=letter.conversation_id,
        reason=_REASONS[letter.death],
        accept_time=timestamp(letter.accept_time),
        death_time=timestamp(letter.death_time),
    )
