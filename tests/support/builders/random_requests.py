"""Random requests for any RPC of the conversation service, and calls by method name."""

from collections.abc import Mapping
from hashlib import sha256
from random import Random

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
from maskline.ingest.v1 import ingest_pb2
from support.builders.conversation_calls import CALL_SECONDS, filled, participants
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
)
from support.builders.documented_errors import METHODS
from support.eventually import PATIENCE_SECONDS
from support.services.conversation_service import RunningService

# Values for each field; the first of each is valid.
Palette = dict[str, list[object]]

BODIES = ("hello", "start", "join X4X4X4", "end", "help", "block", "report", "quit", "yes", "")
# Of a pool, of a conversation, and of neither.
PATHS = (
    *("settings.operator_name", "settings.relay", "settings.templates"),
    *("unique_name", "labels.ride", "max_end_time", "reserved", "pool_id"),
)
MASKS = {"UpdateConversation": ["unique_name"], "UpdateMaskedNumber": ["reserved"]}
PEOPLE = (ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER)


def palette() -> Palette:
    """A few values for each field; learn() adds the ids of responses."""
    operator = pool_pb2.PoolSettings(operator_name="Test exchange", contact="help@example.org")
    refusing = pool_pb2.PoolSettings(
        operator_name="x",
        relay=pool_pb2.RelaySettings(pause_policy=pool_pb2.PAUSE_POLICY_REFUSE),
    )
    return {
        "pool_id": ["main", "second", "none", "third", ""],
        "pool": [
            pool_pb2.Pool(pool_id=name, settings=refusing) for name in ("main", "second", "none")
        ],
        "request_id": ["", "", "", "r1", "r2"],
        "phone_number": [*PEOPLE, "1"],
        "participants": [
            participants(*numbers)
            for numbers in (
                [ALICE_NUMBER, BOB_NUMBER],
                [CAROL_NUMBER, ALICE_NUMBER],
                *([number] for number in PEOPLE),
                [],
            )
        ],
        "masked_number": [MASKED, OTHER_MASKED, "+12065550199", ""],
        "masked_numbers": [[], ["+12065550102"], [MASKED]],
        "conversation_id": ["none"],
        "participant_id": ["nobody"],
        "join_code": ["X4X4X4"],
        "unique_name": ["", "", "order-7"],
        "body": ["hello", ""],
        "system": [message_pb2.System()],
        "recipient_participant_ids": [[], ["nobody"]],
        "media": [[], [message_pb2.Attachment(url="https://media.example.net/1")]],
        "message_id": ["none"],
        "note": ["", "a complaint"],
        "settings": [operator, refusing],
        "labels": [{}, {"ride": "42"}, {"Ride": "42"}],
        "conversation": [pb.Conversation(conversation_id="none", unique_name="order-8")],
        "update_mask": [FieldMask(paths=[name]) for name in PATHS],
        "states": [[], [1], [3, 4], [0, 99]],
        "page_size": [0, 1, -1],
        "page_token": ["", "1", "x", "1-1"],
        "cursor": ["0-0", "", "x"],
        "types": [[], [1], [0]],
        "silent": [True, False],
        "consent_reference": ["", "form 7"],
        "about": ["", "", "your ride", "206-555-0100"],
        "reserved": [False, True],
        "media_token": ["none", ""],
        "dead_letter_id": ["1-0", "x", ""],
        "erasure_id": ["none", ""],
        "block_id": ["none", ""],
        "reason": [1, 2, 0],
        "limit": [0, 1, 501],
        "continuation_token": ["", "1-0", "7"],
        "opt_outs": [[person_pb2.ImportedOptOut(phone_number=number)] for number in PEOPLE],
        "messages": [[_message(number, body)] for number in PEOPLE for body in BODIES],
        "receipts": [[ingest_pb2.DeliveryReceipt(carrier_message_id="mdr2-1")], []],
    }


def well_formed(method: str) -> Message:
    """A valid request."""
    values = {name: choices[0] for name, choices in palette().items()}
    if method in MASKS:
        values["update_mask"] = FieldMask(paths=MASKS[method])
    return filled(build(method, values))


def draw(method: str, values: Palette, random: Random) -> Message:
    """A request of random values, valid or not."""
    chosen = {name: random.choice(choices) for name, choices in values.items()}
    # A oneof: only one of the two can be set.
    del chosen[random.choice(("participant_id", "system"))]
    return filled(build(method, chosen))


def learn(values: Palette, response: Message) -> None:
    """Adds the ids and codes of a response to the values."""
    conversation = getattr(response, "conversation", None)
    if isinstance(conversation, pb.Conversation):
        values["conversation_id"].append(conversation.conversation_id)
        values["participant_id"] += [
            participant.participant_id for participant in conversation.participants
        ]
        changed = pb.Conversation(conversation_id=conversation.conversation_id)
        changed.labels["ride"] = "43"
        values["conversation"].append(changed)
    if isinstance(response, message_pb2.SendMessageResponse):
        values["message_id"] += [message.message_id for message in response.messages]
    if isinstance(response, pb.CreateConversationResponse):
        values["join_code"].append(response.join_code)


async def call(service: RunningService, method: str, request: Message) -> Message:
    """Calls a method; returns the first response of a stream."""
    descriptor = METHODS[method]
    path = f"/{descriptor.containing_service.full_name}/{method}"
    response = GetMessageClass(descriptor.output_type)
    if descriptor.server_streaming:
        open_stream = service.channel.unary_stream(path, _serialize, response.FromString)
        stream = open_stream(request, timeout=PATIENCE_SECONDS)
        first = await stream.read()
        stream.cancel()
        assert isinstance(first, Message)
        return first
    call_once = service.channel.unary_unary(path, _serialize, response.FromString)
    return await call_once(request, timeout=CALL_SECONDS)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


def build(method: str, fields: Mapping[str, object]) -> Message:
    """A request with those of the fields that it has."""
    request: Message = GetMessageClass(METHODS[method].input_type)()
    for field in request.DESCRIPTOR.fields:
        if field.name in fields:
            _set(request, field.name, fields[field.name])
    return request


def _set(request: Message, name: str, value: object) -> None:
    if request.DESCRIPTOR.fields_by_name[name].message_type is pool_pb2.MaskedNumber.DESCRIPTOR:
        value = pool_pb2.MaskedNumber(phone_number=value) if isinstance(value, str) else value
    if isinstance(value, Message):
        getattr(request, name).CopyFrom(value)
    elif isinstance(value, list):
        getattr(request, name).extend(value)
    elif isinstance(value, dict):
        getattr(request, name).update(value)
    else:
        setattr(request, name, value)


def _message(number: str, body: str) -> ingest_pb2.InboundMessage:
    return ingest_pb2.InboundMessage(
        carrier_message_id=f"mdr2-{sha256(f'{number} {body}'.encode()).hexdigest()[:32]}",
        from_number=number,
        to_number=MASKED,
        body=body,
    )
