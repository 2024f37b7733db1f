"""Lists of people who opted out elsewhere: each person once, each item on its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2, error_details_pb2, status_pb2

from conversation_service.application.opt_outs import OptOuts
from conversation_service.domain.errors import ConcurrentChange
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.templates.catalog import Template
from conversation_service.store.deployment.state_directory import KnownConsent, StateDirectory
from maskline.admin.v1 import person_pb2 as pb
from maskline.conversation.v1 import conversation_pb2
from runtime.grpc.status import details_of
from support.builders.conversation_calls import ask, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    system_message,
)
from support.services.conversation_service import RunningService

PEOPLE = [f"+1509555{line:04}" for line in range(100, 200)]


def opt_out(number: str, time: datetime | None = None) -> pb.ImportedOptOut:
    item = pb.ImportedOptOut(phone_number=number)
    if time is not None:
        stamp = Timestamp()
        stamp.FromDatetime(time)
        item.opt_out_time.CopyFrom(stamp)
    return item


async def imported(
    service: RunningService, *items: pb.ImportedOptOut, request_id: str = "", note: str = ""
) -> list[pb.ImportOptOutResult]:
    request = pb.ImportOptOutsRequest(request_id=request_id, opt_outs=items, note=note)
    return list((await ask(service.people.ImportOptOuts, request)).results)


async def state(service: RunningService, number: str = ALICE_NUMBER) -> pb.OptOut:
    request = pb.GetOptOutRequest(phone_number=number)
    return (await ask(service.people.GetOptOut, request)).opt_out


async def test_an_imported_person_is_opted_out_since_then_with_the_note(
    service: RunningService,
) -> None:
    since = service.clock.now() - timedelta(days=400)
    [result] = await imported(service, opt_out(ALICE_NUMBER, since), note="the former system")
    assert result.opt_out == await state(service)
    assert result.opt_out.opt_out_time.ToDatetime(since.tzinfo) == since
    assert result.opt_out.source == pb.OPT_OUT_SOURCE_IMPORT
    assert result.opt_out.note == "the former system"
    with refused("PARTICIPANT_OPTED_OUT"):
        await service.open(ALICE_NUMBER, BOB_NUMBER)
    await ask(service.people.ErasePerson, pb.ErasePersonRequest(phone_number=ALICE_NUMBER))
    assert (await state(service)).note == "", "it says which list the person was on"


async def test_live_conversations_end_and_only_partners_are_notified(
    service: RunningService,
) -> None:
    talk = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await imported(service, *map(opt_out, PEOPLE), opt_out(ALICE_NUMBER))
    ended = await service.get(talk.conversation_id)
    assert ended.end_reason == conversation_pb2.END_REASON_OPTED_OUT
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.ENDED)]
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []


async def test_an_earlier_opt_out_stays_as_it_is(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "stop")
    before = await state(service)
    service.clock.move(seconds=5)
    [result] = await imported(service, opt_out(ALICE_NUMBER), note="a list")
    assert result.opt_out == before
    assert before.source == pb.OPT_OUT_SOURCE_TEXT


async def test_a_repeated_list_undoes_no_opt_in_and_another_one_does(
    service: RunningService, another: RunningService
) -> None:
    items = opt_out(ALICE_NUMBER), opt_out(CAROL_NUMBER)
    first = await imported(service, *items, request_id="r")
    await service.deliver(ALICE_NUMBER, "yes")
    talk = await service.open(ALICE_NUMBER, BOB_NUMBER)
    for replica in (service, another):
        assert await imported(replica, *items, request_id="r") == first
    assert not (await state(service)).opted_out
    assert not (await service.get(talk.conversation_id)).HasField("end_time")
    await imported(service, *items, request_id="another")
    assert (await state(service)).opted_out
    assert (await service.get(talk.conversation_id)).HasField("end_time")


async def test_a_failure_is_the_items_and_a_repetition_ends_what_it_left_live(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = await service.open(ALICE_NUMBER, BOB_NUMBER)

    async def end_all(_: OptOuts, person_id: str) -> None:
        raise ConcurrentChange

    with monkeypatch.context() as patched:
        patched.setattr(OptOuts, "end_all", end_all)
        items = opt_out(ALICE_NUMBER), opt_out(CAROL_NUMBER)
        failed, done = await imported(service, *items, request_id="r")
    assert (failed.error.code, details_of(failed.error).reason) == (
        code_pb2.ABORTED,
        "CONCURRENT_CHANGE",
    )
    assert done.opt_out.opted_out
    repeated, _ = await imported(service, *items, request_id="r")
    assert repeated.opt_out.opted_out
    assert (await service.get(talk.conversation_id)).HasField("end_time")


async def test_one_invalid_item_fails_no_other(service: RunningService) -> None:
    tomorrow = service.clock.now() + timedelta(days=1)
    items = opt_out("4255550111"), opt_out(BOB_NUMBER, tomorrow), opt_out(ALICE_NUMBER)
    first, second, third = await imported(service, *items)
    for error, field in ((first.error, "phone_number"), (second.error, "opt_out_time")):
        assert error.code == code_pb2.INVALID_ARGUMENT
        assert _violations(error) == [field]
        assert details_of(error).reason == "INVALID_ARGUMENT"
    assert third.opt_out.opted_out
    assert not (await state(service, BOB_NUMBER)).opted_out


async def test_the_same_id_with_another_list_or_method_is_refused(service: RunningService) -> None:
    await imported(service, opt_out(ALICE_NUMBER), request_id="r")
    with refused("REQUEST_ID_REUSED"):
        await imported(service, opt_out(BOB_NUMBER), request_id="r")
    with refused("REQUEST_ID_REUSED"):
        await imported(service, opt_out(ALICE_NUMBER), request_id="r", note="another")
    with refused("REQUEST_ID_REUSED"):
        request = pb.OptInPersonRequest(phone_number=ALICE_NUMBER, request_id="r")
        await ask(service.people.OptInPerson, request)
    assert (await state(service)).opted_out
    assert not (await state(service, BOB_NUMBER)).opted_out


def test_a_list_is_on_disk_as_one_line_for_each_person(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    consents = [
        KnownConsent(
            datetime(2026, 3, 1, tzinfo=UTC), person_id, OptOutSource.IMPORT, opts_in=False
        )
        for person_id in ("one", "two")
    ]
    directory.add(*consents)
    assert StateDirectory(tmp_path).consents(None) == consents


def _violations(error: status_pb2.Status) -> list[str]:
    request = error_details_pb2.BadRequest()
    assert any(detail.Unpack(request) for detail in error.details)
    return [violation.field for violation in request.field_violations]
