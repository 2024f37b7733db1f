"""Calls about messages, and what tests read from their answers."""

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
from support.builders.conversation_calls import ask, kind
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.services.conversation_service import RunningService


def state(message: message_pb2.Message) -> str:
    """Without the prefix."""
    return message_pb2.MessageState.Name(message.state).removeprefix("MESSAGE_STATE_")


async def talking(service: RunningService) -> tuple[pb.Conversation, str, str]:
    """A conversation, and the ids of its participants."""
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    alice, bob = (one.participant_id for one in conversation.participants)
    return conversation, alice, bob


async def pause(service: RunningService, conversation: pb.Conversation) -> None:
    request = pb.PauseConversationRequest(conversation_id=conversation.conversation_id)
    await ask(service.stub.PauseConversation, request)


async def resume(service: RunningService, conversation: pb.Conversation) -> None:
    request = pb.ResumeConversationRequest(conversation_id=conversation.conversation_id)
    await ask(service.stub.ResumeConversation, request)
    await service.quiet()


async def send(
    service: RunningService, conversation: pb.Conversation, **fields: object
) -> list[message_pb2.Message]:
    request = message_pb2.SendMessageRequest(
        conversation_id=conversation.conversation_id,
        **fields,  # type: ignore[arg-type]
    )
    return list((await ask(service.stub.SendMessage, request)).messages)


async def listed(
    service: RunningService, conversation: pb.Conversation, size: int = 0
) -> list[message_pb2.Message]:
    request = message_pb2.ListMessagesRequest(
        conversation_id=conversation.conversation_id, page_size=size
    )
    found: list[message_pb2.Message] = []
    while True:
        response = await ask(service.stub.ListMessages, request)
        found += response.messages
        request.page_token = response.next_page_token
        if not request.page_token:
            return found


async def get(service: RunningService, message_id: str) -> message_pb2.Message:
    request = message_pb2.GetMessageRequest(message_id=message_id)
    return (await ask(service.stub.GetMessage, request)).message


async def followed(
    service: RunningService, conversation: pb.Conversation, message_id: str
) -> list[str]:
    """The types of a message's events."""
    events = await service.timeline(conversation.conversation_id)
    return [kind(event) for event in events if event.message_id == message_id]
