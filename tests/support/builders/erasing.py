"""Requests to erase a person, and searches for data that remains."""

from redis.asyncio import Redis

from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.conversation_keys import conversation_of
from conversation_service.store.rotation.encrypted_records import EncryptedRecords
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask
from support.builders.conversations import ALICE_NUMBER, CIPHER
from support.services.conversation_service import RunningService


async def erase(
    service: RunningService, number: str = ALICE_NUMBER, request_id: str = ""
) -> person_pb2.Erasure:
    """Calls ErasePerson."""
    request = person_pb2.ErasePersonRequest(phone_number=number, request_id=request_id)
    return (await ask(service.people.ErasePerson, request)).erasure


async def has_opted_out(service: RunningService, number: str = ALICE_NUMBER) -> bool:
    """Calls GetOptOut."""
    request = person_pb2.GetOptOutRequest(phone_number=number)
    return (await ask(service.people.GetOptOut, request)).opt_out.opted_out


async def conversations_of(service: RunningService, number: str) -> list[str]:
    """The ids of the stored conversations of a person, newest first."""
    looked_up = await lookup(service, number)
    request = pb.ListConversationsRequest(participant_id=looked_up.participant_id)
    listed = (await ask(service.stub.ListConversations, request)).conversations
    return [conversation.conversation_id for conversation in listed]


async def lookup(service: RunningService, number: str) -> person_pb2.LookupParticipantResponse:
    """Calls LookupParticipant."""
    request = person_pb2.LookupParticipantRequest(phone_number=number)
    return await ask(service.people.LookupParticipant, request)


async def numbers_in(
    redis: Redis, number: str = ALICE_NUMBER, cipher: Cipher = CIPHER
) -> list[bytes]:
    """The values under the state key that contain a person's number."""
    keys = [key async for key in redis.scan_iter()]
    values = [
        cipher.decrypt(record.encrypted, record.record)
        for record in await EncryptedRecords(redis).read(keys)
        if not conversation_of(record.encrypted)
    ]
    # Records contain it without the plus.
    return [value for value in values if number[1:].encode() in value]
