"""Requests to erase a person, and searches for data that remains."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from redis.asyncio import Redis

from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.conversation_keys import conversation_of
from conversation_service.store.erasure.person_data import PersonDataEraser
from conversation_service.store.rotation.encrypted_records import EncryptedRecords
from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask
from support.builders.conversations import ALICE_NUMBER, CIPHER
from support.eventually import eventually
from support.services.conversation_service import RunningService

Meanwhile = Callable[[], Awaitable[None]]


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
    # Records contain it without the plus, outbox entries in 7 bytes.
    forms = (number[1:].encode(), int(number[1:]).to_bytes(7))
    return [value for value in values if any(form in value for form in forms)]


def once(monkeypatch: pytest.MonkeyPatch, step: str, meanwhile: Meanwhile) -> None:
    """Something happens right before a step of the erasing, the first time."""
    real, waiting = getattr(PersonDataEraser, step), [meanwhile]

    async def stepped(self: PersonDataEraser, *arguments: object, **named: object) -> object:
        if waiting:
            await waiting.pop()()
        return await real(self, *arguments, **named)

    monkeypatch.setattr(PersonDataEraser, step, stepped)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, step: str) -> Iterator[None]:
    """A step of the erasing fails, as if Redis went away, until the end of the block."""

    async def stepped(*_: object, **__: object) -> object:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(PersonDataEraser, step, stepped)
        yield


async def erased(service: RunningService, erasure_id: str) -> person_pb2.Erasure:
    """The erasure once it is done."""
    request = person_pb2.GetErasureRequest(erasure_id=erasure_id)

    async def state() -> person_pb2.Erasure:
        return (await ask(service.people.GetErasure, request)).erasure

    async def is_done() -> bool:
        return (await state()).state == person_pb2.ERASURE_STATE_DONE

    await eventually(is_done)
    return await state()


async def allow(service: RunningService, *, allows: bool) -> None:
    request = pool_pb2.UpdatePoolRequest(
        pool=pool_pb2.Pool(
            pool_id="main",
            settings=pool_pb2.PoolSettings(keywords=pool_pb2.KeywordSettings(erase_enabled=allows)),
        ),
        update_mask=FieldMask(paths=["settings.keywords.erase_enabled"]),
    )
    await ask(service.pools.UpdatePool, request)
