"""The two people of a conversation, without their numbers."""

import typer

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.connection.client import Client

POSITIONS = ("first", "second")


class NotAParticipant(typer.TyperException):
    """What was asked for does not exist yet; the exit status is 1."""


def conversation(client: Client, conversation_id: str) -> pb.GetConversationResponse:
    """One conversation of the pool."""
    request = pb.GetConversationRequest(pool=client.pool, conversation_id=conversation_id)
    return client.ask(client.conversations.GetConversation, request)


def participant_id(client: Client, conversation_id: str, speaker: str) -> str:
    """Whom "first", "second" or an id stands for; raises NotThere before the second has joined."""
    if speaker not in POSITIONS:
        return speaker
    people = conversation(client, conversation_id).conversation.participants
    place = POSITIONS.index(speaker)
    if place >= len(people):
        raise NotAParticipant(f"Nobody is the {speaker} participant of this conversation yet.")
    return people[place].participant_id


def positions(one: pb.Conversation) -> dict[str, str]:
    """ "first" and "second" by the ids of its participants."""
    ids = (participant.participant_id for participant in one.participants)
    return dict(zip(ids, POSITIONS, strict=False))


def shown_number(one: pb.Conversation, place: int) -> str:
    """A participant's number as far as the service shows it; empty when nobody is there."""
    if place >= len(one.participants):
        return ""
    participant = one.participants[place]
    return participant.phone_number or participant.masked_phone_number
