"""Creating and changing pools and their numbers, effective on every replica at once."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2

from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.templates.catalog import Template
from conversation_service.rpc.pools.settings import settings_to_proto
from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.number_selection_pb2 import NUMBER_PREFERENCE_PREFER_STICKY
from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.status import details_of
from support.builders.conversation_calls import ask, filled, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    system_message,
)
from support.net.grpc_calls import detail
from support.observation.watching import wait_for_event
from support.services.conversation_service import RunningService

Number = pool_pb2.MaskedNumber
NUMBER = "+12065550102"
TAXIS = pool_pb2.PoolSettings(operator_name="Taxis", contact="help@example.org")


async def pool(service: RunningService, name: str) -> pool_pb2.Pool:
    return (await ask(service.pools.GetPool, pool_pb2.GetPoolRequest(pool_id=name))).pool


async def create(service: RunningService, name: str, *numbers: str) -> pool_pb2.Pool:
    request = pool_pb2.CreatePoolRequest(pool_id=name, settings=TAXIS, masked_numbers=numbers)
    return (await ask(service.pools.CreatePool, request)).pool


async def add(service: RunningService, number: str = NUMBER, name: str = "") -> Number:
    request = pool_pb2.AddMaskedNumberRequest(masked_number=number, pool_id=name)
    return (await ask(service.pools.AddMaskedNumber, request)).masked_number


async def remove(service: RunningService, number: str = MASKED) -> Number:
    request = pool_pb2.RemoveMaskedNumberRequest(masked_number=number)
    return (await ask(service.pools.RemoveMaskedNumber, request)).masked_number


def updating(settings: pool_pb2.PoolSettings, *paths: str) -> pool_pb2.UpdatePoolRequest:
    """Changes what these paths of the settings lead to."""
    return pool_pb2.UpdatePoolRequest(
        pool=pool_pb2.Pool(pool_id="main", settings=settings),
        update_mask=FieldMask(paths=[f"settings.{path}".rstrip(".") for path in paths]),
    )


async def update(
    service: RunningService, settings: pool_pb2.PoolSettings, *paths: str
) -> pool_pb2.PoolSettings:
    response = await ask(service.pools.UpdatePool, updating(settings, *paths))
    return response.pool.settings


async def test_a_new_pool_has_defaults_for_settings_that_are_not_set(
    service: RunningService,
) -> None:
    created = await create(service, "taxis", NUMBER)
    assert created == await pool(service, "taxis")
    assert (created.pool_id, created.masked_number_count) == ("taxis", 1)
    assert created.source == pool_pb2.POOL_SOURCE_API
    assert created.settings == settings_to_proto(PoolSettings("Taxis", "help@example.org"))
    assert created.settings.lifecycle.max_lifetime == Duration(seconds=90 * 86400)
    assert created.settings.relay.number_preference == NUMBER_PREFERENCE_PREFER_STICKY
    assert created.settings.keywords.block_enabled


async def test_a_new_pool_works_on_every_replica_without_a_restart(
    service: RunningService, another: RunningService
) -> None:
    await create(service, "taxis", NUMBER)
    result = await another.deliver(ALICE_NUMBER, "help", to=NUMBER)
    assert result.outcome == ingest_pb2.INGEST_OUTCOME_ACCEPTED
    [reply] = await service.heard(ALICE_NUMBER, 1)
    assert reply == system_message(Template.HELP).replace("Test exchange", "Taxis")
    assert service.sent()[0].from_number == NUMBER
    assert await pool(another, "taxis") == await pool(service, "taxis")


async def test_an_update_applies_to_every_replica_and_to_live_conversations(
    service: RunningService, another: RunningService
) -> None:
    await another.open(ALICE_NUMBER, BOB_NUMBER)
    settings = pool_pb2.PoolSettings(
        keywords=pool_pb2.KeywordSettings(words={"end": pool_pb2.KeywordWords(words=["ciao"])}),
        templates={"ended": "Over. {stop} for no more."},
    )
    await update(service, settings, "keywords.words", "templates")
    await another.deliver(ALICE_NUMBER, "Ciao!")
    assert await service.heard(BOB_NUMBER, 1) == ["Over. STOP for no more."]
    await wait_for_event(service, "POOL_UPDATED")


async def test_fields_outside_the_mask_are_no_part_of_a_repeated_request(
    service: RunningService,
) -> None:
    request = filled(updating(TAXIS, "operator_name"))
    first = await ask(service.pools.UpdatePool, request)
    request.pool.settings.language = "es"
    assert await ask(service.pools.UpdatePool, request) == first


async def test_an_added_number_works_on_every_replica_at_once(
    service: RunningService, another: RunningService
) -> None:
    added = await add(another)
    assert added == Number(phone_number=NUMBER, state=pool_pb2.MASKED_NUMBER_STATE_ACTIVE)
    changed = await pool(service, "main")
    assert (changed.masked_number_count, changed.source) == (3, pool_pb2.POOL_SOURCE_API)
    await service.deliver(ALICE_NUMBER, "help", to=NUMBER)
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.HELP)]
    await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=NUMBER)
    await add(service, "+12065550103")
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number="+12065550103")
    opt_out = person_pb2.OptOutPersonRequest(phone_number=ALICE_NUMBER)
    await ask(another.people.OptOutPerson, opt_out)
    ended = await service.get(conversation.conversation_id)
    assert ended.end_reason == pb.END_REASON_OPTED_OUT
    await wait_for_event(service, "MASKED_NUMBER_ADDED")


async def test_a_number_without_live_conversations_can_be_removed(
    service: RunningService, another: RunningService
) -> None:
    await another.deliver(CAROL_NUMBER, "help")
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    with refused("MASKED_NUMBER_IN_USE"):
        await remove(service)
    await service.end(conversation.conversation_id)
    removed = pool_pb2.MASKED_NUMBER_STATE_REMOVED
    assert await remove(service) == Number(phone_number=MASKED, state=removed)
    assert (await pool(service, "main")).masked_number_count == 1
    for replica in (service, another):
        result = await replica.deliver(ALICE_NUMBER, "anybody there?")
        assert result.outcome == ingest_pb2.INGEST_OUTCOME_REFUSED
        assert details_of(result.error).reason == "MASKED_NUMBER_NOT_FOUND"
    with refused("MASKED_NUMBER_NOT_FOUND"):
        await remove(another)
    await wait_for_event(service, "MASKED_NUMBER_REMOVED")


async def test_a_number_belongs_to_one_pool_until_it_is_removed_there(
    service: RunningService, another: RunningService
) -> None:
    await another.deliver(CAROL_NUMBER, "help")
    with refused("MASKED_NUMBER_ALREADY_ASSIGNED"):
        await create(service, "taxis", NUMBER, MASKED)
    # The other claim of the failed call has been released.
    await create(service, "lost-property", NUMBER)
    await create(service, "taxis")
    with refused("MASKED_NUMBER_ALREADY_ASSIGNED"):
        await add(another, MASKED, "taxis")
    await remove(service)
    await add(another, MASKED, "taxis")
    for taken in (MASKED, OTHER_MASKED):
        with refused("MASKED_NUMBER_ALREADY_ASSIGNED"):
            await add(service, taken)
    for replica in (service, another):
        result = await replica.deliver(ALICE_NUMBER, "start")
        assert result.outcome == ingest_pb2.INGEST_OUTCOME_ACCEPTED
    listed = await ask(service.stub.ListConversations, pb.ListConversationsRequest(pool_id="taxis"))
    assert [conversation.masked_number for conversation in listed.conversations] == [MASKED]


async def test_the_claim_of_a_failed_addition_is_released(service: RunningService) -> None:
    with refused("POOL_NOT_FOUND"):
        await add(service, name="taxis")
    await add(service)


async def test_a_number_is_drained_activated_and_reserved_on_every_replica(
    service: RunningService, another: RunningService
) -> None:
    await another.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    active = Number(
        phone_number=MASKED, state=pool_pb2.MASKED_NUMBER_STATE_ACTIVE, live_conversation_count=1
    )
    reserved = Number(reserved=True)
    reserved.MergeFrom(active)
    draining = Number(state=pool_pb2.MASKED_NUMBER_STATE_DRAINING)
    drain = pool_pb2.DrainMaskedNumberRequest(masked_number=MASKED)
    drained = (await ask(service.pools.DrainMaskedNumber, drain)).masked_number
    assert (drained.state, drained.live_conversation_count) == (draining.state, 1)
    with refused("MASKED_NUMBER_NOT_ACTIVE"):
        await another.open(CAROL_NUMBER, BOB_NUMBER, masked_number=MASKED)
    activate = pool_pb2.ActivateMaskedNumberRequest(masked_number=MASKED)
    assert (await ask(another.pools.ActivateMaskedNumber, activate)).masked_number == active
    for number in (reserved, active):
        request = pool_pb2.UpdateMaskedNumberRequest(
            masked_number=number, update_mask=FieldMask(paths=["reserved"])
        )
        assert (await ask(service.pools.UpdateMaskedNumber, request)).masked_number == number
        shown = pool_pb2.GetMaskedNumberRequest(masked_number=MASKED)
        assert (await ask(another.pools.GetMaskedNumber, shown)).masked_number == number
    for event in ("DRAINED", "ACTIVATED", "UPDATED"):
        await wait_for_event(service, f"MASKED_NUMBER_{event}")


async def test_an_addition_that_is_repeated_takes_no_number_from_the_pool_that_has_it_now(
    service: RunningService, another: RunningService
) -> None:
    request = filled(pool_pb2.AddMaskedNumberRequest(masked_number=NUMBER))
    first = await ask(service.pools.AddMaskedNumber, request)
    assert await ask(another.pools.AddMaskedNumber, request) == first
    await remove(service, NUMBER)
    removed = (await ask(another.pools.AddMaskedNumber, request)).masked_number
    assert removed.state == pool_pb2.MASKED_NUMBER_STATE_REMOVED
    # Nobody holds the number, so another pool may have it, and keeps it.
    await create(another, "taxis", NUMBER)
    assert (await ask(service.pools.AddMaskedNumber, request)).masked_number == removed
    result = await service.deliver(ALICE_NUMBER, "help", to=NUMBER)
    assert result.outcome == ingest_pb2.INGEST_OUTCOME_ACCEPTED
    request.masked_number = OTHER_MASKED
    with refused("REQUEST_ID_REUSED"):
        await ask(service.pools.AddMaskedNumber, request)


async def test_two_operators_who_change_different_entries_keep_each_others(
    service: RunningService, another: RunningService
) -> None:
    for replica, entry in ((service, "ended"), (another, "blocked"), (service, "opened")):
        changed = pool_pb2.PoolSettings(templates={entry: f"{{operator}}: {entry}. {{stop}}"})
        settings = await update(replica, changed, f"templates.{entry}")
    assert set(settings.templates) == {"ended", "blocked", "opened"}
    settings = await update(another, pool_pb2.PoolSettings(), "templates.ended")
    assert set(settings.templates) == {"blocked", "opened"}
    stale = updating(TAXIS, "operator_name")
    stale.pool.etag = "stale"
    with refused("ETAG_MISMATCH"):
        await ask(service.pools.UpdatePool, stale)
    settings = await update(service, TAXIS, "")
    assert settings == settings_to_proto(PoolSettings("Taxis", "help@example.org"))


async def test_settings_that_do_not_fit_are_named_as_in_the_request(
    service: RunningService,
) -> None:
    wrong = pool_pb2.PoolSettings(
        lifecycle=pool_pb2.LifecycleSettings(idle_timeout=Duration(seconds=1)),
        templates={"ended": "Over."},
    )
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await update(service, wrong, "lifecycle", "templates.ended")
    violations = detail(refusal.value, error_details_pb2.BadRequest()).field_violations
    assert {violation.field for violation in violations} == {
        "pool.settings.lifecycle.idle_timeout",
        "pool.settings.templates.ended",
    }
