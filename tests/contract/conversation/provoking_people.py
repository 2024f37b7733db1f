"""How each refusal comes about that PersonService documents."""

import pytest
from contract.conversation.provoking import (
    Provocation,
    active,
    at_once,
    erase,
    losing_every_race,
)

from maskline.conversation.v1 import person_pb2 as pb
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import BOB_NUMBER


async def of_another(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await erase(service, request_id="r")
    return await erase(service, BOB_NUMBER, request_id="r")


async def while_others_change_it(service: RunningService, patch: pytest.MonkeyPatch) -> object:
    await active(service)
    losing_every_race(patch)
    return await erase(service)


async def get(service: RunningService, name: str) -> object:
    return await ask(service.people.GetErasure, pb.GetErasureRequest(erasure_id=name))


TABLE: dict[str, dict[str, Provocation]] = {
    "ErasePerson": {
        "INVALID_ARGUMENT": at_once(lambda service: erase(service, "1")),
        "REQUEST_ID_REUSED": of_another,
        "TOO_MANY_RACES": while_others_change_it,
    },
    "GetErasure": {
        "INVALID_ARGUMENT": at_once(lambda service: get(service, "")),
        "ERASURE_NOT_FOUND": at_once(lambda service: get(service, "none")),
    },
}
