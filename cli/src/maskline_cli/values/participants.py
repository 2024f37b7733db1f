"""The participants of a conversation by position."""

import typer

from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.connection.client import Client

POSITIONS = ("first", "second")


class NotAParticipant(typer.TyperException):
    """The participant has not joined yet; the exit status is 1."""


def conversation(client: Client, conversation_id: str) -> pb.GetConversationResponse:
    """One conversation of the pool."""
    request = pb.GetConversationRequest(pool_id=client.pool, conversation_id=conversation_id)
    return client.call(client.conversations.GetConversation, request)


def participant_id(client: Client, conversation_id: str, participant: str) -> str:
    """The id for "first", "second" or an id; raises NotAParticipant before the second joined."""
    if participant not in POSITIONS:
        return participant
    participants = conversation(client, conversation_id).conversation.participants
    index = POSITIONS.index(participant)
    if index >= len(participants):
        raise NotAParticipant(f"The conversation has no {participant} participant yet.")
    return participants[index].participant_id


def lookup(client: Client, phone: str) -> person_pb2.LookupParticipantResponse:
    """Looks a phone number up in the pool; logged and, for some callers, limited."""
    request = person_pb2.LookupParticipantRequest(pool_id=client.pool, phone_number=phone)
    return client.call(client.people.LookupParticipant, request)


def positions(conversation: pb.Conversation) -> dict[str, str]:
    """ "first" and "second" by participant id."""
    ids = (participant.participant_id for participant in conversation.participants)
    return dict(zip(ids, POSITIONS, strict=False))


def displayed_participant(conversation: pb.Conversation, index: int) -> str:
    """A participant's number if the caller may see it, else the id; empty if nobody joined."""
    if index >= len(conversation.participants):
        return ""
    participant = conversation.participants[index]
    return participant.phone_number or participant.participant_id
