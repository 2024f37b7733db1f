"""How each refusal of what operators change comes about: pools, people, dead letters, keys."""

from typing import Protocol

from conformance.kit.numbers import (
    FULL_POOL_NUMBERS,
    MASKED_NUMBERS,
    NOBODYS_NUMBER,
    RESERVED_NUMBER,
    SPARE_NUMBER,
)
from conformance.kit.own_pool import FULL_POOL, POOL, OwnPool, creation, settings
from conformance.refusals.made import NO_POOL, NOTHING, Maker, Table, carried_out, with_fields
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from maskline.admin.v1 import dead_letter_pb2, maintenance_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import event_pb2

OPERATOR_NAME = "settings.operator_name"

# Has the form of one, and is older than any.
NO_DEAD_LETTER = "1-0"


def create(pool_id: str, *masked_numbers: str) -> Message:
    return pool_pb2.CreatePoolRequest(
        pool_id=pool_id, settings=settings(), masked_numbers=masked_numbers
    )


def creating_another(own: OwnPool) -> Message:
    """The id that the suite's pool was created with, and another number."""
    request = creation()
    request.masked_numbers.append(NOBODYS_NUMBER)
    return request


def update(path: str, pool_id: str = "", etag: str = "") -> pool_pb2.UpdatePoolRequest:
    return pool_pb2.UpdatePoolRequest(
        pool=pool_pb2.Pool(pool_id=pool_id, settings=settings(), etag=etag),
        update_mask=FieldMask(paths=[path]),
    )


def updating_otherwise(own: OwnPool) -> Message:
    request = update(OPERATOR_NAME)
    own.invoke(request)
    request.pool.settings.operator_name = "Somebody else"
    return request


class ChangeNumber(Protocol):
    """A request that changes this masked number of the suite's pool."""

    def __call__(self, masked_number: str, **fields: str) -> Message: ...


def add(masked_number: str, **fields: str) -> Message:
    request = pool_pb2.AddMaskedNumberRequest(masked_number=masked_number, reserved=True)
    return with_fields(request, fields)


def reserve(masked_number: str, **fields: str) -> Message:
    request = pool_pb2.UpdateMaskedNumberRequest(
        masked_number=pool_pb2.MaskedNumber(phone_number=masked_number, reserved=True),
        update_mask=FieldMask(paths=["reserved"]),
    )
    return with_fields(request, fields)


def activate(masked_number: str, **fields: str) -> Message:
    return with_fields(pool_pb2.ActivateMaskedNumberRequest(masked_number=masked_number), fields)


def drain(masked_number: str, **fields: str) -> Message:
    return with_fields(pool_pb2.DrainMaskedNumberRequest(masked_number=masked_number), fields)


def remove(masked_number: str, **fields: str) -> Message:
    return with_fields(pool_pb2.RemoveMaskedNumberRequest(masked_number=masked_number), fields)


def of_number(change: ChangeNumber) -> dict[str, Maker]:
    """What all changes of a pool's numbers have in common."""

    def reused(own: OwnPool) -> Message:
        number = own.reserve(SPARE_NUMBER)
        return carried_out(own, change(number), masked_number=NOBODYS_NUMBER)

    return {
        "INVALID_ARGUMENT": lambda own: change("3905550100"),
        "POOL_NOT_FOUND": lambda own: change(NOBODYS_NUMBER, pool_id=NO_POOL),
        "REQUEST_ID_REUSED": reused,
    }


def adding(own: OwnPool) -> Message:
    """A number that no pool has."""
    own.reserve(SPARE_NUMBER)
    own.invoke(remove(SPARE_NUMBER))
    return add(SPARE_NUMBER)


def reserving_otherwise(own: OwnPool) -> Message:
    request = pool_pb2.UpdateMaskedNumberRequest(
        masked_number=pool_pb2.MaskedNumber(phone_number=own.reserve(SPARE_NUMBER), reserved=True),
        update_mask=FieldMask(paths=["reserved"]),
    )
    own.invoke(request)
    request.masked_number.reserved = False
    return request


def removing_in_use(own: OwnPool) -> Message:
    own.active(masked_number=RESERVED_NUMBER)
    return remove(RESERVED_NUMBER)


def erase(own: OwnPool) -> person_pb2.ErasePersonRequest:
    person = own.person()
    own.people.will_opt_out(person)
    return person_pb2.ErasePersonRequest(phone_number=person)


def opt_out(own: OwnPool) -> person_pb2.OptOutPersonRequest:
    person = own.person()
    own.people.will_opt_out(person)
    return person_pb2.OptOutPersonRequest(phone_number=person)


def import_one(own: OwnPool) -> person_pb2.ImportOptOutsRequest:
    person = own.person()
    own.people.will_opt_out(person)
    opt_out = person_pb2.ImportedOptOut(phone_number=person)
    return person_pb2.ImportOptOutsRequest(opt_outs=[opt_out], note="a list")


def unblock(own: OwnPool) -> person_pb2.DeleteBlockRequest:
    [block] = own.blocks_of(own.blocking())
    return person_pb2.DeleteBlockRequest(block_id=block.block_id)


def replay_all(**fields: str) -> dead_letter_pb2.ReplayDeadLettersRequest:
    """There are none of the suite's, so nothing is replayed."""
    request = dead_letter_pb2.ReplayDeadLettersRequest(reason=event_pb2.DEAD_LETTER_REASON_INVALID)
    return with_fields(request, fields)


TABLE: Table = {
    "CreatePool": {
        "INVALID_ARGUMENT": lambda own: create("Not an id"),
        "POOL_ALREADY_EXISTS": lambda own: create(POOL),
        "MASKED_NUMBER_ALREADY_ASSIGNED": lambda own: create(
            "conformance-refused", MASKED_NUMBERS[0]
        ),
        "REQUEST_ID_REUSED": creating_another,
    },
    "UpdatePool": {
        "INVALID_ARGUMENT": lambda own: update("pool_id"),
        "POOL_NOT_FOUND": lambda own: update(OPERATOR_NAME, pool_id=NO_POOL),
        "ETAG_MISMATCH": lambda own: update(OPERATOR_NAME, etag="of-another-time"),
        "REQUEST_ID_REUSED": updating_otherwise,
    },
    "AddMaskedNumber": of_number(add)
    | {
        "REQUEST_ID_REUSED": lambda own: carried_out(
            own, adding(own), masked_number=NOBODYS_NUMBER
        ),
        "MASKED_NUMBER_ALREADY_ASSIGNED": lambda own: add(FULL_POOL_NUMBERS[0]),
        "MASKED_NUMBER_LIMIT_REACHED": lambda own: add(NOBODYS_NUMBER, pool_id=FULL_POOL),
    },
    "UpdateMaskedNumber": of_number(reserve)
    | {
        "REQUEST_ID_REUSED": reserving_otherwise,
        "MASKED_NUMBER_NOT_FOUND": lambda own: reserve(NOBODYS_NUMBER),
    },
    "ActivateMaskedNumber": of_number(activate)
    | {"MASKED_NUMBER_NOT_FOUND": lambda own: activate(NOBODYS_NUMBER)},
    "DrainMaskedNumber": of_number(drain)
    | {"MASKED_NUMBER_NOT_FOUND": lambda own: drain(NOBODYS_NUMBER)},
    "RemoveMaskedNumber": of_number(remove)
    | {
        "MASKED_NUMBER_NOT_FOUND": lambda own: remove(NOBODYS_NUMBER),
        "MASKED_NUMBER_IN_USE": removing_in_use,
    },
    "OptOutPerson": {
        "INVALID_ARGUMENT": lambda own: person_pb2.OptOutPersonRequest(),
        "REQUEST_ID_REUSED": lambda own: carried_out(own, opt_out(own), phone_number=own.person()),
    },
    "OptInPerson": {
        "INVALID_ARGUMENT": lambda own: person_pb2.OptInPersonRequest(),
        "REQUEST_ID_REUSED": lambda own: carried_out(
            own, person_pb2.OptInPersonRequest(phone_number=own.person()), phone_number=own.person()
        ),
    },
    "ErasePerson": {
        "INVALID_ARGUMENT": lambda own: person_pb2.ErasePersonRequest(),
        "REQUEST_ID_REUSED": lambda own: carried_out(own, erase(own), phone_number=own.person()),
    },
    "ImportOptOuts": {
        "INVALID_ARGUMENT": lambda own: person_pb2.ImportOptOutsRequest(),
        "REQUEST_ID_REUSED": lambda own: carried_out(own, import_one(own), note="another list"),
    },
    "DeleteBlock": {
        "INVALID_ARGUMENT": lambda own: person_pb2.DeleteBlockRequest(),
        "POOL_NOT_FOUND": lambda own: person_pb2.DeleteBlockRequest(
            pool_id=NO_POOL, block_id=NOTHING
        ),
        "BLOCK_NOT_FOUND": lambda own: person_pb2.DeleteBlockRequest(block_id=NOTHING),
        "REQUEST_ID_REUSED": lambda own: carried_out(own, unblock(own), block_id=NOTHING),
    },
    "ReplayDeadLetters": {
        "INVALID_ARGUMENT": lambda own: dead_letter_pb2.ReplayDeadLettersRequest(),
        "POOL_NOT_FOUND": lambda own: replay_all(pool_id=NO_POOL),
        "REQUEST_ID_REUSED": lambda own: carried_out(
            own, replay_all(), continuation_token=NO_DEAD_LETTER
        ),
    },
    "ReplayDeadLetter": {
        "INVALID_ARGUMENT": lambda own: dead_letter_pb2.ReplayDeadLetterRequest(),
        "POOL_NOT_FOUND": lambda own: dead_letter_pb2.ReplayDeadLetterRequest(
            pool_id=NO_POOL, dead_letter_id=NO_DEAD_LETTER
        ),
        "DEAD_LETTER_NOT_FOUND": lambda own: dead_letter_pb2.ReplayDeadLetterRequest(
            dead_letter_id=NO_DEAD_LETTER
        ),
    },
    "DiscardDeadLetter": {
        "INVALID_ARGUMENT": lambda own: dead_letter_pb2.DiscardDeadLetterRequest(),
        "POOL_NOT_FOUND": lambda own: dead_letter_pb2.DiscardDeadLetterRequest(
            pool_id=NO_POOL, dead_letter_id=NO_DEAD_LETTER
        ),
        "DEAD_LETTER_NOT_FOUND": lambda own: dead_letter_pb2.DiscardDeadLetterRequest(
            dead_letter_id=NO_DEAD_LETTER
        ),
    },
    "RotateStateKeys": {
        "INVALID_ARGUMENT": lambda own: maintenance_pb2.RotateStateKeysRequest(
            continuation_token="x"
        )
    },
    "AcceptRestore": {
        "INVALID_ARGUMENT": lambda own: maintenance_pb2.AcceptRestoreRequest(request_id="x" * 129),
        "NO_RESTORE_PENDING": lambda own: maintenance_pb2.AcceptRestoreRequest(),
    },
}
