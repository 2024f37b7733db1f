"""Requests about messages as commands. Each function raises InvalidArgument."""

from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.model.messages import Attachment
from conversation_service.rpc.conversations.requests import (
    for_conversation,
    for_conversation_change,
)
from conversation_service.rpc.core.validation import MAX_ATTACHMENTS, RequestValidator
from maskline.conversation.v1 import message_pb2 as pb

# A conversation has two participants.
MAX_RECIPIENTS = 2


def send(request: pb.SendMessageRequest) -> SendMessage:
    """Without a participant the system sends it."""
    validator = for_conversation_change(request)
    author = request.WhichOneof("author")
    validator.oneof("author", author)
    if author == "participant_id":
        validator.identifier("participant_id", request.participant_id)
    _validate_recipients(validator, request)
    validator.body("body", request.body, may_be_empty=bool(request.media))
    validator.max_items("media", request.media, MAX_ATTACHMENTS)
    for index, file in enumerate(request.media[:MAX_ATTACHMENTS]):
        validator.media_url(f"media[{index}].url", file.url)
        validator.media_type(f"media[{index}].content_type", file.content_type)
    validator.check()
    return SendMessage(
        request.request_id,
        request.conversation_id,
        request.participant_id,
        request.body,
        tuple(request.recipient_participant_ids),
        tuple(Attachment(file.url, file.content_type) for file in request.media),
    )


def validate_get(request: pb.GetMessageRequest) -> None:
    validator = RequestValidator()
    validator.identifier("pool_id", request.pool_id)
    validator.identifier("message_id", request.message_id)
    validator.check()


def validate_list(request: pb.ListMessagesRequest) -> None:
    """A page of the messages of one conversation."""
    validator = for_conversation(request.pool_id, request.conversation_id)
    validator.page_size(request.page_size)
    validator.optional_message_id("page_token", request.page_token)
    validator.check()


def _validate_recipients(validator: RequestValidator, request: pb.SendMessageRequest) -> None:
    recipients = request.recipient_participant_ids
    validator.max_items("recipient_participant_ids", recipients, MAX_RECIPIENTS)
    validator.distinct("recipient_participant_ids", recipients)
    for index, participant_id in enumerate(recipients[:MAX_RECIPIENTS]):
        field = f"recipient_participant_ids[{index}]"
        validator.identifier(field, participant_id)
        validator.differs(field, participant_id, request.participant_id, "author")
