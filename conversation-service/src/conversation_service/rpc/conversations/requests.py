"""Requests of clients as commands and filters. Each function raises InvalidArgument."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from conversation_service.application.queries import ConversationFilter
from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.join import JoinConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.update import UpdateConversation
from conversation_service.domain.commands.core.number_selection import NumberSelection
from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords import join_codes
from conversation_service.domain.model.conversation import LABEL_KEY, State
from conversation_service.domain.model.participants import Person, area_code
from conversation_service.domain.model.pool import NumberPreference
from conversation_service.domain.templates.validation import about_violation
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.keyspace.timestamps import from_ms
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb

PREFERENCES = {
    selection_pb.NUMBER_PREFERENCE_UNSPECIFIED: None,
    selection_pb.NUMBER_PREFERENCE_PREFER_STICKY: NumberPreference.PREFER_STICKY,
    selection_pb.NUMBER_PREFERENCE_AVOID_STICKY: NumberPreference.AVOID_STICKY,
}

_STATES = {
    pb.CONVERSATION_STATE_WAITING: State.WAITING,
    pb.CONVERSATION_STATE_ACTIVE: State.ACTIVE,
    pb.CONVERSATION_STATE_PAUSED: State.PAUSED,
    pb.CONVERSATION_STATE_ENDED: State.ENDED,
}

_AREA_CODE_OF = (
    selection_pb.AREA_CODE_OF_FIRST_PARTICIPANT,
    selection_pb.AREA_CODE_OF_SECOND_PARTICIPANT,
)

_UPDATABLE = ("unique_name", "labels", "max_end_time")

MAX_PARTICIPANTS = 2

MAX_CONSENT_REFERENCE_LENGTH = 64

# More than there are states.
MAX_STATES = 16


class _Change(Protocol):
    request_id: str
    pool_id: str


class _ConversationChange(_Change, Protocol):
    conversation_id: str


def create(request: pb.CreateConversationRequest, people: PersonIds) -> CreateConversation:
    """A conversation of two people, or of one who waits for a second person."""
    validator = for_change(request)
    numbers = [participant.phone_number for participant in request.participants]
    validator.items("participants", numbers, MAX_PARTICIPANTS)
    for index, number in enumerate(numbers[:MAX_PARTICIPANTS]):
        validator.phone_number(f"participants[{index}].phone_number", number)
    validator.distinct("participants", numbers)
    validator.optional_phone_number("masked_number", request.masked_number)
    validator.optional_identifier("unique_name", request.unique_name)
    _validate_selection(validator, request.selection, len(numbers))
    validator.labels("labels", request.labels)
    _validate_opening(validator, request, len(numbers))
    validator.check()
    return CreateConversation(
        request.request_id,
        tuple(people.person(request.pool_id, number) for number in numbers),
        _selection(request, numbers),
        request.unique_name,
        request.silent,
        dict(request.labels),
        request.consent_reference,
        request.about,
    )


def join(request: pb.JoinConversationRequest, people: PersonIds) -> JoinConversation:
    """Accepts any text as a code: a malformed code is refused like a wrong one."""
    validator = for_change(request)
    validator.length("join_code", request.join_code, may_be_empty=False)
    validator.phone_number("phone_number", request.phone_number)
    _validate_opening(validator, request, MAX_PARTICIPANTS)
    validator.check()
    return JoinConversation(
        request.request_id,
        join_codes.normalized(request.join_code),
        people.person(request.pool_id, request.phone_number),
        request.consent_reference,
        request.about,
    )


def update(request: pb.UpdateConversationRequest) -> UpdateConversation:
    """Has only the values that the update mask names."""
    conversation, fields = request.conversation, frozenset(request.update_mask.paths)
    end_time = conversation.max_end_time if conversation.HasField("max_end_time") else None
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("conversation.pool_id", conversation.pool_id)
    validator.identifier("conversation.conversation_id", conversation.conversation_id)
    validator.optional_identifier("conversation.unique_name", conversation.unique_name)
    validator.labels("conversation.labels", conversation.labels)
    validator.optional_identifier("conversation.etag", conversation.etag)
    if end_time is not None:
        validator.timestamp("conversation.max_end_time", end_time.seconds, end_time.nanos)
    validator.add(_mask_violations(fields))
    validator.check()
    names_all = "labels" in fields
    labels = {
        key: value
        for key, value in conversation.labels.items()
        if names_all or f"labels.{key}" in fields
    }
    return UpdateConversation(
        request.request_id,
        conversation.conversation_id,
        fields,
        conversation.unique_name if "unique_name" in fields else "",
        labels,
        from_ms(end_time.ToMilliseconds()) if end_time and "max_end_time" in fields else None,
        conversation.etag,
    )


def _mask_violations(paths: frozenset[str]) -> Iterator[FieldViolation]:
    if not paths or not all(map(_is_updatable, paths)):
        expected = f"at least one of {', '.join(_UPDATABLE)} and labels.KEY, and nothing else"
        yield FieldViolation("update_mask", expected)


def _is_updatable(path: str) -> bool:
    field, _, key = path.partition(".")
    return path in _UPDATABLE or (field == "labels" and LABEL_KEY.fullmatch(key) is not None)


def end(request: pb.EndConversationRequest) -> EndConversation:
    """Without a participant the operator ends it."""
    validator = for_conversation_change(request)
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


def pause(request: pb.PauseConversationRequest) -> PauseConversation:
    for_conversation_change(request).check()
    return PauseConversation(request.request_id, request.conversation_id)


def resume(request: pb.ResumeConversationRequest) -> ResumeConversation:
    for_conversation_change(request).check()
    return ResumeConversation(request.request_id, request.conversation_id)


def validate_reopen(request: pb.ReopenConversationRequest) -> None:
    """Only validates: the command needs the ended conversation, which is loaded first."""
    for_conversation_change(request).check()


def validate_get(request: pb.GetConversationRequest) -> None:
    for_conversation(request.pool_id, request.conversation_id).check()


def conversation_filter(request: pb.ListConversationsRequest) -> ConversationFilter:
    """Which conversations are listed."""
    validator = RequestValidator()
    validator.identifier("pool_id", request.pool_id)
    validator.page_size(request.page_size)
    validator.optional_identifier("page_token", request.page_token)
    validator.max_items("states", request.states, MAX_STATES)
    for index, state in enumerate(request.states[:MAX_STATES]):
        validator.enum(f"states[{index}]", state, _STATES)
    validator.optional_phone_number("masked_number", request.masked_number)
    validator.optional_identifier("unique_name", request.unique_name)
    validator.optional_identifier("participant_id", request.participant_id)
    validator.check()
    person = Person(request.participant_id) if request.participant_id else None
    states = frozenset(_STATES[state] for state in request.states)
    return ConversationFilter(states, request.masked_number, request.unique_name, person)


def for_change(request: _Change) -> RequestValidator:
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool_id", request.pool_id)
    return validator


def for_conversation_change(request: _ConversationChange) -> RequestValidator:
    validator = for_change(request)
    validator.identifier("conversation_id", request.conversation_id)
    return validator


def for_conversation(pool: str, conversation_id: str) -> RequestValidator:
    validator = RequestValidator()
    validator.identifier("pool_id", pool)
    validator.identifier("conversation_id", conversation_id)
    return validator


def _validate_opening(
    validator: RequestValidator,
    request: pb.CreateConversationRequest | pb.JoinConversationRequest,
    participants: int,
) -> None:
    reference = request.consent_reference
    validator.note("consent_reference", reference, MAX_CONSENT_REFERENCE_LENGTH)
    validator.without_phone_number("consent_reference", reference)
    if violation := about_violation(request.about, participants):
        validator.add([FieldViolation("about", violation)])


def _validate_selection(
    validator: RequestValidator, selection: selection_pb.NumberSelection, participants: int
) -> None:
    validator.enum("selection.preference", selection.preference, PREFERENCES)
    sources = (selection_pb.AREA_CODE_OF_UNSPECIFIED, *_AREA_CODE_OF[:participants])
    validator.enum("selection.area_code_of", selection.area_code_of, sources)


def _selection(request: pb.CreateConversationRequest, numbers: Sequence[str]) -> NumberSelection:
    selection = request.selection
    area_codes = dict(zip(_AREA_CODE_OF, map(area_code, numbers), strict=False))
    return NumberSelection(
        masked_number=request.masked_number,
        preference=PREFERENCES[selection.preference],
        area_code=area_codes.get(selection.area_code_of, ""),
        allow_reserved=selection.allow_reserved,
    )
