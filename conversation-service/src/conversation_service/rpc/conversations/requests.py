"""What internal clients ask, as intents. Each check raises InvalidArgument for a wrong form."""

from typing import Protocol

from conversation_service.application.queries import ConversationFilter
from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.client.start import (
    JoinConversation,
    OpenConversation,
    StartConversation,
)
from conversation_service.domain.commands.core.number_selection import NumberSelection
from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.model.conversation import State
from conversation_service.domain.model.participants import Person, area_code
from conversation_service.domain.model.pool import NumberPreference
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.encryption.blind_index import PersonIds
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb

PREFERENCES = {
    selection_pb.NUMBER_PREFERENCE_UNSPECIFIED: None,
    selection_pb.NUMBER_PREFERENCE_PREFER_STICKY: NumberPreference.PREFER_STICKY,
    selection_pb.NUMBER_PREFERENCE_AVOID_STICKY: NumberPreference.AVOID_STICKY,
}

_STATES = {
    pb.CONVERSATION_STATE_UNSPECIFIED: None,
    pb.CONVERSATION_STATE_WAITING: State.WAITING,
    pb.CONVERSATION_STATE_ACTIVE: State.ACTIVE,
    pb.CONVERSATION_STATE_ENDED: State.ENDED,
}

_AREA_OF = (
    selection_pb.AREA_CODE_OF_FIRST_PARTICIPANT,
    selection_pb.AREA_CODE_OF_SECOND_PARTICIPANT,
)


class _Beginning(Protocol):
    """What requests that begin conversations have in common."""

    @property
    def masked_number(self) -> str:
        """The number that is asked for."""
        ...

    @property
    def selection(self) -> selection_pb.NumberSelection:
        """How another is chosen."""
        ...


class _InConversation(Protocol):
    request_id: str
    pool: str
    conversation_id: str


def start(request: pb.StartConversationRequest, people: PersonIds) -> StartConversation:
    """One person waits with a code."""
    shape = RequestValidator()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.phone_number("phone_number", request.phone_number)
    _check_beginning(shape, request.masked_number, request.unique_name, request.selection, 1)
    shape.check()
    numbers = (request.phone_number,)
    person = people.person(request.pool, request.phone_number)
    return StartConversation(
        request.request_id, person, _selection(request, numbers), request.unique_name
    )


def open_(request: pb.OpenConversationRequest, people: PersonIds) -> OpenConversation:
    """Two people who are both known."""
    shape = RequestValidator()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.two_people("phone_numbers", request.phone_numbers)
    _check_beginning(shape, request.masked_number, request.unique_name, request.selection, 2)
    shape.check()
    first, second = request.phone_numbers
    pair = (people.person(request.pool, first), people.person(request.pool, second))
    chosen = _selection(request, (first, second))
    return OpenConversation(
        request.request_id, pair, chosen, request.unique_name, request.is_silent
    )


def join(request: pb.JoinConversationRequest, people: PersonIds) -> JoinConversation:
    """Any code will do: a wrong form is answered like a wrong code."""
    shape = RequestValidator()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.body("code", request.code, may_be_empty=False)
    shape.phone_number("phone_number", request.phone_number)
    shape.check()
    person = people.person(request.pool, request.phone_number)
    return JoinConversation(request.request_id, codes.normalized(request.code), person)


def end(request: pb.EndConversationRequest) -> EndConversation:
    """By the operator where no participant is named."""
    shape = _of_conversation(request)
    shape.optional_identifier("participant_id", request.participant_id)
    shape.note("note", request.note)
    shape.check()
    name, participant = request.conversation_id, request.participant_id
    return EndConversation(request.request_id, name, participant, request.note)


def speak(request: pb.SendMessageRequest) -> SendMessage:
    """As the system where no participant is named."""
    shape = _of_conversation(request)
    chosen = request.WhichOneof("speaker")
    shape.one_of("speaker", chosen)
    if chosen == "participant_id":
        shape.identifier("participant_id", request.participant_id)
    elif chosen == "system":
        shape.true("system", request.system)
    shape.words("body", request.body)
    shape.check()
    return SendMessage(
        request.request_id, request.conversation_id, request.participant_id, request.body
    )


def pause(request: pb.PauseConversationRequest) -> PauseConversation:
    """Nothing is passed on any more."""
    _of_conversation(request).check()
    return PauseConversation(request.request_id, request.conversation_id)


def resume(request: pb.ResumeConversationRequest) -> ResumeConversation:
    """It goes on."""
    _of_conversation(request).check()
    return ResumeConversation(request.request_id, request.conversation_id)


def check_reopen(request: pb.ReopenConversationRequest) -> None:
    """Who was in it is looked up before an intent can be made of it."""
    _of_conversation(request).check()


def check_get(request: pb.GetConversationRequest) -> None:
    """One conversation."""
    _named(request.pool, request.conversation_id).check()


def check_part_list(request: pb.ListMessagesRequest | pb.GetTimelineRequest) -> None:
    """A list of what happened in one conversation."""
    shape = _named(request.pool, request.conversation_id)
    shape.not_negative("page_size", request.page_size)
    shape.place("page_token", request.page_token)
    shape.check()


def check_watch(request: pb.WatchEventsRequest) -> None:
    """A watch of a pool or of one conversation."""
    shape = RequestValidator()
    shape.identifier("pool", request.pool)
    shape.optional_identifier("conversation_id", request.conversation_id)
    shape.cursor("cursor", request.cursor)
    shape.check()


def filter_(request: pb.ListConversationsRequest, people: PersonIds) -> ConversationFilter:
    """Which conversations are asked for."""
    shape = RequestValidator()
    shape.identifier("pool", request.pool)
    shape.not_negative("page_size", request.page_size)
    shape.optional_identifier("page_token", request.page_token)
    shape.unknown_enum("state", request.state, _STATES)
    shape.optional_phone_number("masked_number", request.masked_number)
    shape.optional_identifier("unique_name", request.unique_name)
    shape.optional_identifier("participant_id", request.participant_id)
    shape.optional_phone_number("phone_number", request.phone_number)
    shape.check()
    person = None
    if request.phone_number:
        person = people.person(request.pool, request.phone_number)
    if request.participant_id:
        person = Person(request.participant_id)
    state = _STATES[request.state]
    return ConversationFilter(state, request.masked_number, request.unique_name, person)


def _of_conversation(request: _InConversation) -> RequestValidator:
    shape = RequestValidator()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.identifier("conversation_id", request.conversation_id)
    return shape


def _named(pool: str, conversation_id: str) -> RequestValidator:
    shape = RequestValidator()
    shape.identifier("pool", pool)
    shape.identifier("conversation_id", conversation_id)
    return shape


def _check_beginning(
    shape: RequestValidator,
    masked_number: str,
    unique_name: str,
    selection: selection_pb.NumberSelection,
    people: int,
) -> None:
    shape.optional_phone_number("masked_number", masked_number)
    shape.optional_identifier("unique_name", unique_name)
    shape.unknown_enum("selection.preference", selection.preference, PREFERENCES)
    areas = (selection_pb.AREA_CODE_OF_UNSPECIFIED, *_AREA_OF[:people])
    shape.unknown_enum("selection.area_code_of", selection.area_code_of, areas)


def _selection(request: _Beginning, numbers: tuple[str, ...]) -> NumberSelection:
    asked = request.selection
    area = dict(zip(_AREA_OF, map(area_code, numbers), strict=False))
    return NumberSelection(
        masked_number=request.masked_number,
        preference=PREFERENCES[asked.preference],
        area_code=area.get(asked.area_code_of, ""),
        allows_reserved=asked.allows_reserved,
    )
