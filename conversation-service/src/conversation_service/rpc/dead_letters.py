"""The servicer of DeadLetterService."""

from conversation_service.application.admin.dead_letters import DeadLetterAdmin, ReplayResult
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.events import DeadLetterReason
from conversation_service.rpc.core.convert import page_size, timestamp
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.core.status import item_error
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.outbox.dead_letters import DeadLetter
from conversation_service.store.outbox.replay_selections import MAX_SELECTED, ReplayRequest
from maskline.admin.v1 import dead_letter_pb2 as pb
from maskline.admin.v1 import dead_letter_pb2_grpc
from maskline.conversation.v1 import event_pb2

_REASONS = {
    reason: event_pb2.DeadLetterReason.Value(f"DEAD_LETTER_REASON_{reason}")
    for reason in DeadLetterReason
}

_REASONS_BY_NUMBER = {number: reason for reason, number in _REASONS.items()}


class DeadLetterServicer(dead_letter_pb2_grpc.DeadLetterServiceServicer):
    def __init__(self, dead_letters: DeadLetterAdmin) -> None:
        self._dead_letters = dead_letters

    async def ListDeadLetters(
        self, request: pb.ListDeadLettersRequest, context: Context
    ) -> pb.ListDeadLettersResponse:
        validator = RequestValidator()
        validator.identifier("pool_id", request.pool_id)
        validator.page_size(request.page_size)
        validator.optional_event_id("page_token", request.page_token)
        validator.check()
        page = await self._dead_letters.page(
            request.pool_id, page_size(request), request.page_token
        )
        return pb.ListDeadLettersResponse(
            dead_letters=map(_dead_letter_to_proto, page.letters), next_page_token=page.next_token
        )

    async def ReplayDeadLetter(
        self, request: pb.ReplayDeadLetterRequest, context: Context
    ) -> pb.ReplayDeadLetterResponse:
        _validate(request)
        message_id = await self._dead_letters.replay(
            request.pool_id, request.request_id, request.dead_letter_id
        )
        return pb.ReplayDeadLetterResponse(message_id=message_id)

    async def ReplayDeadLetters(
        self, request: pb.ReplayDeadLettersRequest, context: Context
    ) -> pb.ReplayDeadLettersResponse:
        validator = RequestValidator()
        validator.identifier("request_id", request.request_id)
        validator.identifier("pool_id", request.pool_id)
        validator.enum("reason", request.reason, _REASONS_BY_NUMBER)
        validator.count("limit", request.limit, MAX_SELECTED)
        validator.optional_event_id("continuation_token", request.continuation_token)
        validator.check()
        replay = ReplayRequest(
            request.request_id,
            _REASONS_BY_NUMBER[request.reason],
            request.limit or MAX_SELECTED,
            request.continuation_token,
        )
        replayed = await self._dead_letters.replay_all(request.pool_id, replay)
        return pb.ReplayDeadLettersResponse(
            results=map(_result_to_proto, replayed.results), continuation_token=replayed.next_token
        )

    async def DiscardDeadLetter(
        self, request: pb.DiscardDeadLetterRequest, context: Context
    ) -> pb.DiscardDeadLetterResponse:
        _validate(request)
        message_id = await self._dead_letters.discard(
            request.pool_id, request.request_id, request.dead_letter_id
        )
        return pb.DiscardDeadLetterResponse(message_id=message_id)


def _validate(request: pb.ReplayDeadLetterRequest | pb.DiscardDeadLetterRequest) -> None:
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool_id", request.pool_id)
    validator.identifier("dead_letter_id", request.dead_letter_id)
    validator.check()


def _result_to_proto(result: ReplayResult) -> pb.ReplayDeadLetterResult:
    dead_letter_id, outcome = result
    if isinstance(outcome, ConversationError):
        return pb.ReplayDeadLetterResult(dead_letter_id=dead_letter_id, error=item_error(outcome))
    return pb.ReplayDeadLetterResult(dead_letter_id=dead_letter_id, message_id=outcome)


def _dead_letter_to_proto(letter: DeadLetter) -> pb.DeadLetter:
    return pb.DeadLetter(
        dead_letter_id=letter.dead_letter_id,
        message_id=letter.message_id,
        conversation_id=letter.conversation_id,
        reason=_REASONS[letter.reason],
        message_create_time=timestamp(letter.message_create_time),
        create_time=timestamp(letter.create_time),
    )
