"""What internal clients ask, as intents."""

from conversation_service.domain import codes
from conversation_service.domain.change import Line
from conversation_service.domain.errors import UnknownMaskedNumber
from conversation_service.domain.pool import Pool
from conversation_service.domain.requests import End, Join, Speak, Start
from conversation_service.operations.people import People
from conversation_service.rpc.shape import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Shape
from maskline.conversation.v1 import conversation_pb2 as pb


def check_start(request: pb.StartConversationRequest) -> None:
    """Raises InvalidArgument."""
    shape = Shape()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.phone_number("phone_number", request.phone_number)
    shape.optional_phone_number("masked_number", request.masked_number)
    shape.check()


def start(request: pb.StartConversationRequest, pool: Pool, people: People) -> Start:
    """Raises UnknownMaskedNumber."""
    if request.masked_number and request.masked_number not in pool.masked_numbers:
        raise UnknownMaskedNumber
    asked = request.masked_number
    numbers = (asked,) if asked else pool.masked_numbers
    return Start(request.request_id, asked, _lines(numbers, pool, people, request.phone_number))


def check_join(request: pb.JoinConversationRequest) -> None:
    """Raises InvalidArgument. Any code will do: a wrong form is answered like a wrong code."""
    shape = Shape()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.body("code", request.code, may_be_empty=False)
    shape.phone_number("phone_number", request.phone_number)
    shape.check()


def join(request: pb.JoinConversationRequest, pool: Pool, people: People) -> Join:
    """Which number the code is on, the decision finds out."""
    lines = _lines(pool.masked_numbers, pool, people, request.phone_number)
    return Join(request.request_id, codes.normalised(request.code), lines)


def check_end(request: pb.EndConversationRequest) -> None:
    """Raises InvalidArgument."""
    shape = Shape()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.identifier("conversation_id", request.conversation_id)
    shape.optional_identifier("participant_id", request.participant_id)
    shape.check()


def end(request: pb.EndConversationRequest) -> End:
    """By the operator where no participant is named."""
    return End(request.request_id, request.conversation_id, request.participant_id)


def check_speak(request: pb.SendMessageRequest) -> None:
    """Raises InvalidArgument."""
    shape = Shape()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.identifier("conversation_id", request.conversation_id)
    chosen = request.WhichOneof("speaker")
    shape.one_of("speaker", chosen)
    if chosen == "participant_id":
        shape.identifier("participant_id", request.participant_id)
    elif chosen == "system":
        shape.true("system", request.system)
    shape.body("body", request.body, may_be_empty=False)
    shape.check()


def speak(request: pb.SendMessageRequest) -> Speak:
    """As the system where no participant is named."""
    return Speak(request.request_id, request.conversation_id, request.participant_id, request.body)


def check_get(request: pb.GetConversationRequest) -> None:
    """Raises InvalidArgument."""
    shape = Shape()
    shape.identifier("pool", request.pool)
    shape.identifier("conversation_id", request.conversation_id)
    shape.check()


def check_list(request: pb.ListConversationsRequest) -> None:
    """Raises InvalidArgument."""
    shape = Shape()
    shape.identifier("pool", request.pool)
    shape.not_negative("page_size", request.page_size)
    shape.optional_identifier("page_token", request.page_token)
    shape.check()


def page_size(request: pb.ListConversationsRequest) -> int:
    """What was asked for, within the limit."""
    return min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def _lines(
    numbers: tuple[str, ...], pool: Pool, people: People, phone_number: str
) -> tuple[Line, ...]:
    person = people.person(pool.name, phone_number)
    return tuple(Line(number, person) for number in numbers)
