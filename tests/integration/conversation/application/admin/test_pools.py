"""Creating, reading, listing and updating pools, effective on every replica at once."""

from datetime import timedelta

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2, pool_pb2
from support.builders.conversation_calls import ask, filled, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, SETTINGS, system_message
from support.net.grpc_calls import detail
from support.observation.watching import wait_for_event
from support.services.conversation_service import RunningService

NUMBER = "+12065550102"
NEW = pool_pb2.CreatePoolRequest(
    name="taxis", settings=pool_pb2.PoolSettings(operator="Taxis"), masked_numbers=[NUMBER]
)


async def pool(service: RunningService, name: str = "main") -> pool_pb2.Pool:
    return (await ask(service.pools.GetPool, pool_pb2.GetPoolRequest(pool=name))).pool


async def update(
    service: RunningService, settings: pool_pb2.PoolSettings, *fields: str
) -> pool_pb2.Pool:
    request = pool_pb2.UpdatePoolRequest(settings=settings, update_mask=FieldMask(paths=fields))
    return (await ask(service.pools.UpdatePool, request)).pool


async def test_a_new_pool_has_defaults_for_settings_that_are_not_set(
    service: RunningService,
) -> None:
    created = (await ask(service.pools.CreatePool, NEW)).pool
    assert created == await pool(service, "taxis")
    assert (created.name, created.number_count, created.is_seeded) == ("taxis", 1, False)
    settings = created.settings
    assert (settings.operator, settings.language) == ("Taxis", "en")
    lifetimes = ("code_lifetime", "idle_lifetime", "lifetime", "warning_lead", "cool_off")
    retention = (
        "kept_after_end",
        "receipts_kept",
        "messages_kept",
        "events_kept",
        "dead_letters_kept",
    )
    for name in (*lifetimes, "reopen_grace", *retention):
        assert getattr(settings, name).ToTimedelta() == getattr(SETTINGS, name), name
    assert settings.number_preference == number_selection_pb2.NUMBER_PREFERENCE_PREFER_STICKY
    assert settings.pause_policy == pool_pb2.PAUSE_POLICY_HOLD
    assert (settings.allows_block, settings.allows_report, settings.end_opts_out) == (
        True,
        True,
        False,
    )


async def test_a_new_pool_works_on_every_replica_without_a_restart(
    service: RunningService, another: RunningService
) -> None:
    await ask(service.pools.CreatePool, NEW)
    result = await another.deliver(ALICE_NUMBER, "help", to=NUMBER)
    assert result.outcome == pb.RECEIVE_OUTCOME_ACCEPTED
    [reply] = await service.heard(ALICE_NUMBER, 1)
    assert reply == system_message(Template.HELP).replace("Test exchange", "Taxis")
    assert service.sent()[0].from_number == NUMBER
    assert await pool(another, "taxis") == await pool(service, "taxis")


async def test_pools_are_listed_by_name_in_pages(
    service: RunningService, another: RunningService
) -> None:
    for name in ("zebra", "alpha"):
        settings = pool_pb2.PoolSettings(operator="Test exchange")
        request = pool_pb2.CreatePoolRequest(name=name, settings=settings)
        await ask(service.pools.CreatePool, request)
    listing = pool_pb2.ListPoolsRequest(page_size=2)
    first = await ask(another.pools.ListPools, listing)
    listing.page_token = first.next_page_token
    second = await ask(another.pools.ListPools, listing)
    assert [pool.name for pool in (*first.pools, *second.pools)] == ["alpha", "main", "zebra"]
    assert second.next_page_token == ""
    assert await pool(service) in first.pools


async def test_an_update_changes_only_the_fields_of_its_mask(service: RunningService) -> None:
    before = await pool(service)
    settings = pool_pb2.PoolSettings(
        operator="Not named", language="es", idle_lifetime=Duration(seconds=3600)
    )
    after = await update(service, settings, "language", "idle_lifetime")
    assert after == await pool(service)
    assert after.etag != before.etag
    assert (before.is_seeded, after.is_seeded) == (True, False)
    before.settings.language = "es"
    before.settings.idle_lifetime.FromTimedelta(timedelta(hours=1))
    assert after.settings == before.settings
    reset = await update(service, pool_pb2.PoolSettings(), "language", "idle_lifetime")
    assert (reset.settings.language, reset.settings.idle_lifetime.ToTimedelta()) == (
        "en",
        SETTINGS.idle_lifetime,
    )
    await wait_for_event(service, "POOL_UPDATED")


async def test_an_update_applies_to_every_replica_and_to_live_conversations(
    service: RunningService, another: RunningService
) -> None:
    await another.open(ALICE_NUMBER, BOB_NUMBER)
    words = {"end": pool_pb2.CommandWords(words=["ciao"])}
    texts = {"ended": "Over. {stop} for no more."}
    settings = pool_pb2.PoolSettings(words=words, texts=texts)
    await update(service, settings, "words", "texts")
    await another.deliver(ALICE_NUMBER, "Ciao!")
    assert await service.heard(BOB_NUMBER, 1) == ["Over. STOP for no more."]


async def test_fields_outside_the_mask_are_no_part_of_a_repeated_request(
    service: RunningService,
) -> None:
    mask = FieldMask(paths=["operator"])
    request = filled(
        pool_pb2.UpdatePoolRequest(
            settings=pool_pb2.PoolSettings(operator="First"), update_mask=mask
        )
    )
    first = await ask(service.pools.UpdatePool, request)
    request.settings.language = "es"
    assert await ask(service.pools.UpdatePool, request) == first


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (pool_pb2.PoolSettings(operator="call 2065550100"), "settings.operator"),
        (pool_pb2.PoolSettings(operator="x", language="xx"), "settings.language"),
        (
            pool_pb2.PoolSettings(operator="x", code_lifetime=Duration(seconds=1)),
            "settings.code_lifetime",
        ),
        (
            pool_pb2.PoolSettings(operator="x", receipts_kept=Duration(seconds=3600)),
            "settings.receipts_kept",
        ),
        (
            pool_pb2.PoolSettings(operator="x", messages_kept=Duration(seconds=3 * 86400)),
            "settings.messages_kept",
        ),
        (
            pool_pb2.PoolSettings(operator="x", events_kept=Duration(seconds=3 * 86400)),
            "settings.dead_letters_kept",
        ),
        (
            pool_pb2.PoolSettings(operator="x", texts={"helpp": "Help."}),
            "settings.texts.helpp",
        ),
        (
            pool_pb2.PoolSettings(operator="x", texts={"help": "Help."}),
            "settings.texts.help",
        ),
        (
            pool_pb2.PoolSettings(
                operator="x", words={"start": pool_pb2.CommandWords(words=["stop"])}
            ),
            "settings.words.start",
        ),
    ],
)
async def test_invalid_settings_are_refused_with_their_field(
    service: RunningService, settings: pool_pb2.PoolSettings, field: str
) -> None:
    before = await pool(service)
    paths = [descriptor.name for descriptor, _ in settings.ListFields()]
    for call in (
        ask(service.pools.CreatePool, pool_pb2.CreatePoolRequest(name="new", settings=settings)),
        update(service, settings, *paths),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call
        details = detail(refusal.value, error_details_pb2.BadRequest())
        assert field in {violation.field for violation in details.field_violations}
    assert await pool(service) == before
    with refused("POOL_NOT_FOUND"):
        await pool(service, "new")
