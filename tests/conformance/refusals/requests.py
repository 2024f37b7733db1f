"""Requests about conversations; other fields than the given ones so that they succeed."""

from conformance.kit.numbers import MASKED_NUMBERS
from conformance.kit.own_pool import OwnPool, participants
from conformance.refusals.made import with_fields
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2

NUMBER = MASKED_NUMBERS[0]


def create(own: OwnPool, person: str = "", **fields: str) -> Message:
    """Of this person and another one; other fields so that it succeeds."""
    people = participants(own.person(), person or own.person())
    return with_fields(pb.CreateConversationRequest(participants=people, silent=True), fields)


def join(own: OwnPool, code: str = "X4X4X4", **fields: str) -> Message:
    request = pb.JoinConversationRequest(join_code=code, phone_number=own.person())
    return with_fields(request, fields)


def code(own: OwnPool, person: str = "") -> str:
    return own.waiting(person, NUMBER).join_code


def update(conversation_id: str, path: str = "labels", **fields: str) -> Message:
    conversation = pb.Conversation(conversation_id=conversation_id)
    request = pb.UpdateConversationRequest(
        conversation=conversation, update_mask=FieldMask(paths=[path])
    )
    return with_fields(request, fields)


def end(conversation_id: str, **fields: str) -> Message:
    return with_fields(pb.EndConversationRequest(conversation_id=conversation_id), fields)


def send(conversation_id: str, **fields: str) -> Message:
    request = message_pb2.SendMessageRequest(conversation_id=conversation_id, body="hello")
    if "participant_id" not in fields:
        request.system.SetInParent()
    return with_fields(request, fields)


def pause(conversation_id: str, **fields: str) -> Message:
    return with_fields(pb.PauseConversationRequest(conversation_id=conversation_id), fields)


def resume(conversation_id: str, **fields: str) -> Message:
    return with_fields(pb.ResumeConversationRequest(conversation_id=conversation_id), fields)


def reopen(conversation_id: str, **fields: str) -> Message:
    return with_fields(pb.ReopenConversationRequest(conversation_id=conversation_id), fields)
