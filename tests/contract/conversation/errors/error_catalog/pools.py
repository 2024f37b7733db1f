"""Provokes each documented error of PoolService and OptOutService."""

from collections.abc import Awaitable, Callable

import pytest
from contract.conversation.errors.error_catalog.common import (
    NOWHERE,
    Provocation,
    active,
    directly,
    in_contention,
    lose_every_race,
    with_fields,
)

from conversation_service.domain.commands.operator.pools import NUMBERS_LIMIT
from maskline.conversation.v1 import opt_out_pb2, pool_pb2
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, MASKED

NUMBER = "+12065550102"
ChangeNumber = Callable[..., Awaitable[object]]
SETTINGS = pool_pb2.PoolSettings(operator="Test exchange")


def create(
    service: RunningService, name: str = "taxis", *numbers: str, **fields: str
) -> Awaitable[object]:
    request = pool_pb2.CreatePoolRequest(name=name, settings=SETTINGS, masked_numbers=numbers)
    return ask(service.pools.CreatePool, with_fields(request, fields))


def update(service: RunningService, field: str = "operator", **fields: str) -> Awaitable[object]:
    request = pool_pb2.UpdatePoolRequest(settings=SETTINGS)
    request.update_mask.paths.append(field)
    return ask(service.pools.UpdatePool, with_fields(request, fields))


def add(service: RunningService, number: str = NUMBER, **fields: str) -> Awaitable[object]:
    request = with_fields(pool_pb2.AddNumberRequest(masked_number=number), fields)
    return ask(service.pools.AddNumber, request)


def drain(service: RunningService, number: str = MASKED, **fields: str) -> Awaitable[object]:
    request = with_fields(pool_pb2.DrainNumberRequest(masked_number=number), fields)
    return ask(service.pools.DrainNumber, request)


def remove(service: RunningService, number: str = MASKED, **fields: str) -> Awaitable[object]:
    request = with_fields(pool_pb2.RemoveNumberRequest(masked_number=number), fields)
    return ask(service.pools.RemoveNumber, request)


def get(service: RunningService, pool: str = "") -> Awaitable[object]:
    return ask(service.pools.GetPool, pool_pb2.GetPoolRequest(pool=pool))


def sync(service: RunningService, pool: str = "") -> Awaitable[object]:
    return ask(service.pools.SyncNumbers, pool_pb2.SyncNumbersRequest(pool=pool))


def advise(service: RunningService, pool: str = "") -> Awaitable[object]:
    return ask(service.pools.GetPoolAdvice, pool_pb2.GetPoolAdviceRequest(pool=pool))


def list_numbers(service: RunningService, pool: str = "") -> Awaitable[object]:
    return ask(service.pools.ListNumbers, pool_pb2.ListNumbersRequest(pool=pool))


def list_pools(service: RunningService, page_token: str) -> Awaitable[object]:
    return ask(service.pools.ListPools, pool_pb2.ListPoolsRequest(page_token=page_token))


async def create_twice(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await create(service)
    return await create(service)


async def create_with_other_fields(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await create(service, request_id="r")
    return await create(service, "taxis", NUMBER, request_id="r")


async def update_with_other_fields(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await update(service, request_id="r")
    return await update(service, "language", request_id="r")


async def add_number_of_another_pool(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await create(service, "taxis", NUMBER)
    return await add(service)


async def add_to_a_full_pool(service: RunningService, _: pytest.MonkeyPatch) -> object:
    areas = range(212, 212 + NUMBERS_LIMIT // 100)
    numbers = [f"+1{area}55501{line:02}" for area in areas for line in range(100)]
    await create(service, "taxis", *numbers)
    return await add(service, pool="taxis")


async def remove_number_in_use(service: RunningService, _: pytest.MonkeyPatch) -> object:
    await active(service)
    return await remove(service)


async def sync_while_messaging_is_down(service: RunningService, _: pytest.MonkeyPatch) -> object:
    service.messaging.is_down = True
    return await sync(service)


def of_pool(read: Callable[[RunningService, str], Awaitable[object]]) -> dict[str, Provocation]:
    """The errors that all reads of a pool share."""
    return {
        "INVALID_ARGUMENT": directly(lambda service: read(service, "x" * 65)),
        "POOL_NOT_FOUND": directly(lambda service: read(service, "none")),
    }


def of_number(change: ChangeNumber) -> dict[str, Provocation]:
    """The errors that all changes of a pool's numbers share."""

    async def request_id_reused(service: RunningService, _: pytest.MonkeyPatch) -> object:
        await add(service)
        await change(service, NUMBER, request_id="r")
        return await change(service, MASKED, request_id="r")

    return {
        "INVALID_ARGUMENT": directly(lambda service: change(service, "2065550100")),
        "POOL_NOT_FOUND": directly(lambda service: change(service, NUMBER, pool="none")),
        "REQUEST_ID_REUSED": request_id_reused,
        "TOO_MANY_RACES": in_contention(lambda service: change(service, MASKED)),
    }


def opt_out(service: RunningService, number: str = ALICE_NUMBER) -> Awaitable[object]:
    return ask(service.opt_outs.OptOut, opt_out_pb2.OptOutRequest(phone_number=number))


def opt_in(service: RunningService) -> Awaitable[object]:
    return ask(service.opt_outs.OptIn, opt_out_pb2.OptInRequest())


def get_opt_out(service: RunningService) -> Awaitable[object]:
    return ask(service.opt_outs.GetOptOut, opt_out_pb2.GetOptOutRequest())


async def opt_out_in_contention(service: RunningService, patch: pytest.MonkeyPatch) -> object:
    await active(service)
    lose_every_race(patch)
    return await opt_out(service)


TABLE: dict[str, dict[str, Provocation]] = {
    "CreatePool": {
        "INVALID_ARGUMENT": directly(lambda service: create(service, "Taxis")),
        "POOL_EXISTS": create_twice,
        "NUMBER_TAKEN": directly(lambda service: create(service, "taxis", MASKED)),
        "REQUEST_ID_REUSED": create_with_other_fields,
        "TOO_MANY_RACES": in_contention(create),
    },
    "GetPool": of_pool(get),
    "ListPools": {"INVALID_ARGUMENT": directly(lambda service: list_pools(service, "second"))},
    "UpdatePool": {
        "INVALID_ARGUMENT": directly(lambda service: update(service, "name")),
        "POOL_NOT_FOUND": directly(lambda service: update(service, pool="none")),
        "REQUEST_ID_REUSED": update_with_other_fields,
        "TOO_MANY_RACES": in_contention(update),
    },
    "AddNumber": of_number(add)
    | {"NUMBER_TAKEN": add_number_of_another_pool, "POOL_FULL": add_to_a_full_pool},
    "ListNumbers": of_pool(list_numbers),
    "DrainNumber": of_number(drain)
    | {"UNKNOWN_MASKED_NUMBER": directly(lambda service: drain(service, NOWHERE))},
    "RemoveNumber": of_number(remove)
    | {
        "UNKNOWN_MASKED_NUMBER": directly(lambda service: remove(service, NOWHERE)),
        "NUMBER_IN_USE": remove_number_in_use,
    },
    "SyncNumbers": of_pool(sync)
    | {
        "CARRIER_ACCOUNT_REFUSED": directly(sync),
        "BACKEND_UNAVAILABLE": sync_while_messaging_is_down,
    },
    "GetPoolAdvice": of_pool(advise),
    "OptOut": {
        "INVALID_ARGUMENT": directly(lambda service: opt_out(service, "")),
        "TOO_MANY_RACES": opt_out_in_contention,
    },
    "OptIn": {"INVALID_ARGUMENT": directly(opt_in)},
    "GetOptOut": {"INVALID_ARGUMENT": directly(get_opt_out)},
}
