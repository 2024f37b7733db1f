"""An older copy of Redis under running replicas: all stop, until an operator accepts it."""

from pathlib import Path

import grpc
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from conversation_service.app.application import SERVICE_NAMES
from conversation_service.application.restore_guard import RestoreGuard
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.store.deployment.epoch import Epochs
from conversation_service.store.deployment.state_directory import (
    CONSENTS_KEPT,
    KnownConsent,
    StateDirectory,
    StateDirectoryError,
)
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.storage import Storage
from maskline.admin.v1 import dead_letter_pb2, maintenance_pb2, person_pb2
from maskline.admin.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.ingest.v1 import ingest_pb2
from maskline.messaging.v1 import carrier_pb2
from runtime.grpc.status import details_of
from support.builders.conversation_calls import CALL_SECONDS, ask, refused
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB,
    BOB_NUMBER,
    CAROL_NUMBER,
    CIPHER,
    MASKED,
    OTHER_MASKED,
)
from support.builders.decisions import NOW
from support.eventually import eventually
from support.net.grpc_calls import is_serving
from support.services.conversation_service import RunningService

Copy = dict[bytes, tuple[bytes, int]]


async def copied(redis: Redis) -> Copy:
    """Every key as it is now."""
    keys = [key async for key in redis.scan_iter(count=1000)]
    values = {key: (await redis.dump(key), max(0, await redis.pttl(key))) for key in keys}
    return {key: (value, ttl) for key, (value, ttl) in values.items() if value}


async def put_back(redis: Redis, copy: Copy) -> None:
    """All of Redis is as it was, at once."""
    pipeline = redis.pipeline(transaction=True)
    pipeline.flushall()
    for key, (value, ttl) in copy.items():
        pipeline.restore(key, ttl, value)
    await pipeline.execute()


async def goes_on(redis: Redis) -> None:
    """Waits until the replica has counted another step, as it does each second."""
    key = DeploymentKeys().epoch
    before = await redis.hget(key, "time")

    async def is_later() -> bool:
        return await redis.hget(key, "time") != before

    await eventually(is_later)


def guard(redis: Redis, path: Path | None, time: list[float] | None = None) -> RestoreGuard:
    """A replica's; it asks Redis each time unless `time` is given."""
    directory, moments = StateDirectory(path), time or [0.0]
    suppression = SuppressionList(redis, directory)
    return RestoreGuard(Epochs(Storage(redis, CIPHER)), directory, suppression, lambda: moments[0])


async def accept(service: RunningService, request_id: str) -> maintenance_pb2.AcceptRestoreResponse:
    request = maintenance_pb2.AcceptRestoreRequest(request_id=request_id)
    return await service.deployment.AcceptRestore(request, timeout=CALL_SECONDS)


async def operators_changes_are_refused(service: RunningService) -> None:
    dead_letters = DeadLetterServiceStub(service.channel)
    with refused("RESTORE_PENDING"):
        await ask(
            service.people.ErasePerson, person_pb2.ErasePersonRequest(phone_number=BOB_NUMBER)
        )
    with refused("RESTORE_PENDING"):
        await ask(service.people.DeleteBlock, person_pb2.DeleteBlockRequest(block_id="b"))
    letter, invalid = {"dead_letter_id": "1-0"}, event_pb2.DEAD_LETTER_REASON_INVALID
    with refused("RESTORE_PENDING"):
        replay_all = dead_letter_pb2.ReplayDeadLettersRequest(reason=invalid)
        await ask(dead_letters.ReplayDeadLetters, replay_all)
    with refused("RESTORE_PENDING"):
        replay = dead_letter_pb2.ReplayDeadLetterRequest(**letter)
        await ask(dead_letters.ReplayDeadLetter, replay)
    with refused("RESTORE_PENDING"):
        discard = dead_letter_pb2.DiscardDeadLetterRequest(**letter)
        await ask(dead_letters.DiscardDeadLetter, discard)


async def test_nothing_changes_or_leaves_until_the_restore_is_accepted(
    service: RunningService,
) -> None:
    live = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.healthy()
    copy = await copied(service.redis)
    await service.end(live.conversation_id)
    await service.quiet()
    await ask(
        service.people.OptOutPerson, person_pb2.OptOutPersonRequest(phone_number=CAROL_NUMBER)
    )
    sent = service.sent()
    await goes_on(service.redis)

    await put_back(service.redis, copy)

    async def is_stopped() -> bool:
        return not await is_serving(service.channel, SERVICE_NAMES[0])

    await eventually(is_stopped)
    assert REGISTRY.get_sample_value("maskline_restore_pending") == 1
    result = await service.deliver(ALICE_NUMBER, "for somebody else")
    assert result.outcome == ingest_pb2.INGEST_OUTCOME_REFUSED
    assert details_of(result.error).reason == "RESTORE_PENDING"
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.open(BOB_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
    await operators_changes_are_refused(service)
    assert service.sent() == sent

    accepted = await accept(service, "r1")
    assert (accepted.ended_conversation_count, accepted.restored_opt_out_count) == (1, 1)
    assert await accept(service, "r1") == accepted
    assert (await service.get(live.conversation_id)).end_reason == pb.END_REASON_RESTORED
    get = person_pb2.GetOptOutRequest(phone_number=CAROL_NUMBER)
    assert (await ask(service.people.GetOptOut, get)).opt_out.opted_out
    await service.healthy()
    await service.heard(BOB_NUMBER, 2)


async def test_an_opt_out_in_a_text_part_of_a_carriers_record_is_applied(
    service: RunningService,
) -> None:
    await service.healthy()
    copy = await copied(service.redis)
    await goes_on(service.redis)
    record = carrier_pb2.InboundRecord(
        carrier_message_id="mdr2-1", from_number=BOB_NUMBER, to_number=MASKED
    )
    seconds, _ = await service.redis.time()
    record.carrier_time.FromSeconds(seconds)
    record.attachments.add(url="https://media.example.net/text", content_type="text/plain")
    service.messaging.records.append(record)
    service.messaging.texts["https://media.example.net/text"] = "STOP"
    await put_back(service.redis, copy)
    assert (await accept(service, "r1")).restored_opt_out_count == 1


async def test_a_stopped_replica_recognises_an_older_copy_by_its_directory(
    redis: Redis, tmp_path: Path
) -> None:
    assert await guard(redis, tmp_path / "one").check()
    copy = await copied(redis)
    assert await guard(redis, tmp_path / "one").check()
    assert await guard(redis, tmp_path / "two").check()
    await put_back(redis, copy)
    # A replica that knows nothing must not make the copy look new.
    for _ in range(5):
        assert await guard(redis, None).check()
    assert not await guard(redis, tmp_path / "one").check()
    for path in (tmp_path / "one", tmp_path / "two", None):
        assert not await guard(redis, path).check()
    await redis.flushall()
    assert not await guard(redis, tmp_path / "two").check()


async def test_other_replicas_go_on_after_one_accepted_with_their_own_opt_outs(
    redis: Redis, tmp_path: Path
) -> None:
    one, two = guard(redis, tmp_path / "one"), guard(redis, tmp_path / "two")
    assert await one.check()
    assert await two.check()
    copy = await copied(redis)
    known = SuppressionList(redis, StateDirectory(tmp_path / "two"))
    await known.add(ALICE.person_id, OptOut(NOW, OptOutSource.CLIENT))
    assert await one.check()
    await put_back(redis, copy)
    assert not await one.check()
    assert not await two.check()
    await one.begin()
    assert await two.check()
    assert await guard(redis, tmp_path / "two").check()
    # The copy is older still than what was accepted.
    await put_back(redis, copy)
    assert not await two.check()


async def test_the_last_word_of_a_person_counts(redis: Redis, tmp_path: Path) -> None:
    replica = guard(redis, tmp_path)
    later = NOW + CONSENTS_KEPT / 2
    words = [
        KnownConsent(later, ALICE.person_id, OptOutSource.CLIENT, opts_in=True),
        KnownConsent(NOW, ALICE.person_id, OptOutSource.CLIENT, opts_in=False),
        KnownConsent(NOW, BOB.person_id, OptOutSource.CLIENT, opts_in=False),
    ]
    assert await replica.restore_opt_outs(words) == 1
    assert set(await SuppressionList(redis).find([ALICE.person_id, BOB.person_id])) == {
        BOB.person_id
    }


async def test_redis_is_asked_again_only_after_a_while(redis: Redis) -> None:
    moments = [0.0]
    replica = guard(redis, None, moments)
    assert await replica.is_open()
    copy = await copied(redis)
    assert await replica.check()
    await put_back(redis, copy)
    assert await replica.is_open()
    moments[0] += 2.0
    assert not await replica.is_open()


def test_the_directory_keeps_opt_outs_for_a_while_and_no_numbers(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path / "new")
    old = KnownConsent(NOW - 2 * CONSENTS_KEPT, BOB.person_id, OptOutSource.TEXT, opts_in=False)
    recent = KnownConsent(NOW, ALICE.person_id, OptOutSource.CLIENT, opts_in=False)
    directory.add(old)
    directory.add(recent)
    file = tmp_path / "new" / "opt-outs"
    with file.open("a") as torn:
        torn.write("17")
    assert StateDirectory(tmp_path / "new").consents(None) == [old, recent]
    directory.drop_old(NOW)
    assert directory.consents(None) == [recent]
    assert ALICE_NUMBER[1:] not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    (tmp_path / "new" / "epoch.json").write_text("{")
    with pytest.raises(StateDirectoryError):
        StateDirectory(tmp_path / "new")
