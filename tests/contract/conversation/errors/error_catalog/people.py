"""Provokes each documented error of PersonService."""

import pytest
from contract.conversation.errors.error_catalog.common import (
    Provocation,
    active,
    directly,
    erase,
    lose_every_race,
)

from maskline.conversation.v1 import person_pb2 as pb
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import BOB_NUMBER


async def request_id_reused(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await erase(service, request_id="r")
    return await erase(service, BOB_NUMBER, request_id="r")


async def in_contention(service: RunningService, patch: pytest.MonkeyPatch) -> object:
    await active(service)
    lose_every_race(patch)
    return await erase(service)


async def get(service: RunningService, erasure_id: str) -> object:
    return await ask(service.people.GetErasure, pb.GetErasureRequest(erasure_id=erasure_id))


TABLE: dict[str, dict[str, Provocation]] = {
    "ErasePerson": {
        "INVALID_ARGUMENT": directly(lambda service: erase(service, "1")),
        "REQUEST_ID_REUSED": request_id_reused,
        "TOO_MANY_RACES": in_contention,
    },
    "GetErasure": {
        "INVALID_ARGUMENT": directly(lambda service: get(service, "")),
        "ERASURE_NOT_FOUND": directly(lambda service: get(service, "none")),
    },
}
