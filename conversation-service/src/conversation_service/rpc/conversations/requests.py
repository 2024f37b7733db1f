"""Requests of clients as commands and filters. Each function raises InvalidArgument."""

from typing import Protocol, TypeAlias

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
from conversation_service.domain.keywords import join_codes
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

_AREA_CODE_OF = (
    selection_pb.AREA_CODE_OF_FIRST_PARTICIPANT,
    selection_pb.AREA_CODE_OF_SECOND_PARTICIPANT,
)

_NewConversation: TypeAlias = pb.StartConversationRequest | pb.OpenConversationRequest


class _Change(Protocol):
    request_id: str
    pool_id: str


class _ConversationChange(_Change, Protocol):
    conversation_id: str


def start(request: pb.StartConversationRequest, people: PersonIds) -> StartConversation:
    """A conversation that waits for a second person."""
    validator = _for_change(request)
    validator.phone_number("phone_number", request.phone_number)
    _validate_new(validator, request, participants=1)
    validator.check()
    person = people.person(request.pool_id, request.phone_number)
    selection = _selection(request, (request.phone_number,))
    return StartConversation(request.request_id, person, selection, request.unique_name)


def open_(request: pb.OpenConversationRequest, people: PersonIds) -> OpenConversation:
    """A conversation between two known people."""
    validator = _for_change(request)
    validator.two_phone_numbers("phone_numbers", request.phone_numbers)
    _validate_new(validator, request, participants=2)
    validator.check()
    first, second = request.phone_numbers
    pair = (people.person(request.pool_id, first), people.person(request.pool_id, second))
    selection = _selection(request, (first, second))
    return OpenConversation(
        request.request_id, pair, selection, request.unique_name, request.is_silent
    )


def join(request: pb.JoinConversationRequest, people: PersonIds) -> JoinConversation:
    """Accepts any text as a code: a malformed code is refused like a wrong one."""
    validator = _for_change(request)
    validator.length("code", request.code, may_be_empty=False)
    validator.phone_number("phone_number", request.phone_number)
    validator.check()
    person = people.person(request.pool_id, request.phone_number)
    return JoinConversation(request.request_id, join_codes.normalized(request.code), person)


def end(request: pb.EndConversationRequest) -> EndConversation:
    """Without a participant the operator ends it."""
    validator = _for_conversation_change(request)
    validator.optional_identifier("participant_id", request.participant_id)
    validator.note("note", request.note)
    validator.optional_identifier("etag", request.etag)
    validator.check()
    return EndConversation(
        request.request_id,
        request.conversation_id,
        request.participant_id,
        request.note,
        request.etag,
    )


def send(request: pb.SendMessageRequest) -> SendMessage:
    """Without a participant the system sends it."""
    validator = _for_conversation_change(request)
    speaker = request.WhichOneof("speaker")
    validator.oneof("speaker", speaker)
    if speaker == "participant_id":
        validator.identifier("participant_id", request.participant_id)
    elif speaker == "system":
        validator.must_be_set("system", request.system)
    validator.body("body", request.body)
    validator.check()
    return SendMessage(
        request.request_id, request.conversation_id, request.participant_id, request.body
    )


def pause(request: pb.PauseConversationRequest) -> PauseConversation:
    _for_conversation_change(request).check()
    return PauseConversation(request.request_id, request.conversation_id)


def resume(request: pb.ResumeConversationRequest) -> ResumeConversation:
    _for_conversation_change(request).check()
    return ResumeConversation(request.request_id, request.conversation_id)


def validate_reopen(request: pb.ReopenConversationRequest) -> None:
    """Only validates: the command needs the ended conversation, which is loaded first."""
    _for_conversation_change(request).check()


def validate_get(request: pb.GetConversationRequest) -> None:
    _for_conversation(request.pool_id, request.conversation_id).check()


def validate_list_messages(request: pb.ListMessagesRequest) -> None:
    """A page of the messages of one conversation."""
    validator = _for_conversation(request.pool_id, request.conversation_id)
    validator.page_size(request.page_size)
    validator.optional_event_id("page_token", request.page_token)
    validator.check()


def conversation_filter(request: pb.ListConversationsRequest) -> ConversationFilter:
    """Which conversations are listed."""
    validator = RequestValidator()
    validator.identifier("pool_id", request.pool_id)
    validator.page_size(request.page_size)
    validator.optional_identifier("page_token", request.page_token)
    validator.enum("state", request.state, _STATES)
    validator.optional_phone_number("masked_number", request.masked_number)
    validator.optional_identifier("unique_name", request.unique_name)
    validator.optional_identifier("participant_id", request.participant_id)
    validator.check()
    person = Person(request.participant_id) if request.participant_id else None
    state = _STATES[request.state]
    return ConversationFilter(state, request.masked_number, request.unique_name, person)


def _for_change(request: _Change) -> RequestValidator:
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool_id", request.pool_id)
    return validator


def _for_conversation_change(request: _ConversationChange) -> RequestValidator:
    validator = _for_change(request)
    validator.identifier("conversation_id", request.conversation_id)
    return validator


def _for_conversation(pool: str, conversation_id: str) -> RequestValidator:
    validator = RequestValidator()
    validator.identifier("pool_id", pool)
    validator.identifier("conversation_id", conversation_id)
    return validator


def _validate_new(
    validator: RequestValidator, request: _NewConversation, participants: int
) -> None:
    selection = request.selection
    validator.optional_phone_number("masked_number", request.masked_number)
    validator.optional_identifier("unique_name", request.unique_name)
    validator.enum("selection.preference", selection.preference, PREFERENCES)
    sources = (selection_pb.AREA_CODE_OF_UNSPECIFIED, *_AREA_CODE_OF[:participants])
    validator.enum("selection.area_code_of", selection.area_code_of, sources)


def _selection(request: _NewConversation, numbers: tuple[str, ...]) -> NumberSelection:
    selection = request.selection
    area_codes = dict(zip(_AREA_CODE_OF, map(area_code, numbers), strict=False))
    return NumberSelection(
        masked_number=request.masked_number,
        preference=PREFERENCES[selection.preference],
        area_code=area_codes.get(selection.area_code_of, ""),
        allows_reserved=selection.allows_reserved,
    )
