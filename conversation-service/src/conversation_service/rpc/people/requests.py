"""Requests of PersonService, validated."""

from conversation_service.application.opt_out_imports import ImportedOptOut
from conversation_service.domain.errors import InvalidArgument
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.keyspace.timestamps import from_ms
from maskline.admin.v1 import person_pb2 as pb

MAX_IMPORTED = 1000

MAX_NOTE_LENGTH = 64


def imported_opt_outs(request: pb.ImportOptOutsRequest) -> list[ImportedOptOut | InvalidArgument]:
    """The items, with the refusals of invalid ones. Raises InvalidArgument for the whole."""
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.items("opt_outs", request.opt_outs, MAX_IMPORTED)
    validator.note("note", request.note, MAX_NOTE_LENGTH)
    validator.without_phone_number("note", request.note)
    validator.check()
    return [_imported_opt_out(item) for item in request.opt_outs]


def _imported_opt_out(item: pb.ImportedOptOut) -> ImportedOptOut | InvalidArgument:
    validator = RequestValidator()
    validator.phone_number("phone_number", item.phone_number)
    validator.timestamp("opt_out_time", item.opt_out_time.seconds, item.opt_out_time.nanos)
    try:
        validator.check()
    except InvalidArgument as refusal:
        return refusal
    has_time = item.HasField("opt_out_time")
    time = from_ms(item.opt_out_time.ToMilliseconds()) if has_time else None
    return ImportedOptOut(item.phone_number, time)
