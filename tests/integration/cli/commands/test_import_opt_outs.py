"""Everybody in a file is opted out, in lists of a thousand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.status_pb2 import Status
from integration.cli.in_process import maskline
from integration.cli.samples import ALICE_PHONE, BOB_PHONE
from integration.cli.scripted import DOMAIN, Deployment

from maskline.admin.v1 import person_pb2 as pb
from runtime.grpc.status import RpcStatus, item_status
from support.services.cli_process import Ended

OUT = pb.ImportOptOutResult(opt_out=pb.OptOut(opted_out=True))
IN = pb.ImportOptOutResult(opt_out=pb.OptOut())


def refusal() -> Status:
    code = grpc.StatusCode.INVALID_ARGUMENT
    return item_status(RpcStatus(code, "INVALID_ARGUMENT", "it is wrong"), domain=DOMAIN)


def response(*results: pb.ImportOptOutResult) -> pb.ImportOptOutsResponse:
    return pb.ImportOptOutsResponse(results=results)


async def imported(deployment: Deployment, folder: Path, content: str, *options: str) -> Ended:
    file = folder / "list.csv"
    file.write_text(content)
    return await maskline(deployment.target, "people", "import-opt-outs", str(file), *options)


async def test_a_file_has_numbers_and_times_under_a_heading(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.answers("ImportOptOuts", response(OUT, OUT, IN))
    rows = ["phone_number,time", f"{ALICE_PHONE},2026-03-01T12:00:00+02:00", "", BOB_PHONE]
    content = "\n".join([*rows, f"{BOB_PHONE}, 2026-03-01"])
    ended = await imported(deployment, tmp_path, content, "--note", "old", "--request-id", "r")
    assert (ended.status, "3 of 3 lines" in ended.err) == (0, True), ended.err
    assert "2 people are opted out" in ended.out
    assert "1 people have opted in since and stay so" in ended.out
    [request] = deployment.received(pb.ImportOptOutsRequest)
    assert (request.request_id, request.note) == ("r-0", "old")
    march = datetime(2026, 3, 1, tzinfo=UTC)
    assert [(item.phone_number, time_of(item)) for item in request.opt_outs] == [
        (ALICE_PHONE, march + timedelta(hours=10)), (BOB_PHONE, None), (BOB_PHONE, march)
    ]  # fmt: skip


def time_of(item: pb.ImportedOptOut) -> datetime | None:
    stamp: Timestamp = item.opt_out_time
    return stamp.ToDatetime(tzinfo=UTC) if item.HasField("opt_out_time") else None


async def test_a_long_file_is_sent_in_lists_under_one_request_id(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.answers("ImportOptOuts", response(*[OUT] * 1000), response(OUT))
    content = f"{ALICE_PHONE}\n" * 1001
    ended = await imported(deployment, tmp_path, content, "--request-id", "r", "--json")
    assert ended.json == {"opted_out_count": 1001, "opted_in_count": 0, "failed": []}, ended.err
    requests = deployment.received(pb.ImportOptOutsRequest)
    sizes = [(request.request_id, len(request.opt_outs)) for request in requests]
    assert sizes == [("r-0", 1000), ("r-1", 1)]


async def test_a_line_that_is_refused_is_named_without_its_number(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.answers("ImportOptOuts", response(OUT, pb.ImportOptOutResult(error=refusal())))
    ended = await imported(deployment, tmp_path, f"{ALICE_PHONE}\n{BOB_PHONE}\n", "--json")
    assert (ended.status, ended.json) == (1, {
        "opted_out_count": 1,
        "opted_in_count": 0,
        "failed": [{"line": 2, "reason": "INVALID_ARGUMENT", "message": "it is wrong"}],
    })  # fmt: skip
    assert BOB_PHONE not in ended.out + ended.err


async def test_a_failed_call_is_repeated_with_the_id_of_the_whole_command(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.answers("ImportOptOuts", response(*[OUT] * 1000), grpc.StatusCode.UNAVAILABLE)
    content = f"{ALICE_PHONE}\n" * 1001
    ended = await imported(deployment, tmp_path, content, "--request-id", "r")
    assert ended.status != 0
    assert "--request-id r:" in ended.err


async def test_a_file_that_is_no_list_is_refused_before_anything_is_sent(
    deployment: Deployment, tmp_path: Path
) -> None:
    ended = await imported(deployment, tmp_path, f"{BOB_PHONE}\n{ALICE_PHONE},yesterday")
    assert (ended.status, "line 2" in ended.err) == (1, True), ended.err
    assert ALICE_PHONE not in ended.err
    assert deployment.received(pb.ImportOptOutsRequest) == []
