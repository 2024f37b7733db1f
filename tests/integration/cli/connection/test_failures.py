from dataclasses import replace
from datetime import timedelta

import grpc
import pytest
from integration.cli.in_process import maskline
from integration.cli.samples import ALICE_PHONE
from integration.cli.scripted import Deployment

from maskline.admin.v1 import pool_pb2
from runtime.grpc.status import FieldViolation, RpcStatus
from support.net.ports import free_port

WRONG_FIELDS = RpcStatus(
    grpc.StatusCode.INVALID_ARGUMENT,
    "INVALID_ARGUMENT",
    "Two fields are error.",
    violations=[
        FieldViolation("pool_id", "must be lower-case"),
        FieldViolation("settings.operator_name", "must not be empty"),
    ],
)
BUSY = RpcStatus(
    grpc.StatusCode.UNAVAILABLE,
    "BACKEND_UNAVAILABLE",
    "Redis does not answer.",
    retry_after=timedelta(seconds=1.5),
)
STALE = RpcStatus(grpc.StatusCode.ABORTED, "ETAG_MISMATCH", "It has changed.", {"etag": "e2"})


async def test_every_wrong_field_is_named_once(deployment: Deployment) -> None:
    message = "pool_id: must be lower-case"
    repeated = replace(WRONG_FIELDS, message=message, violations=WRONG_FIELDS.violations[:1])
    deployment.answers("CreatePool", WRONG_FIELDS, repeated)
    typed = ("pools", "create", "City", "--operator-name", "", "--contact", "211")
    ended = await maskline(deployment.target, *typed)
    assert (ended.status, ended.err.splitlines()[1:]) == (
        1, ["  pool_id: must be lower-case", "  settings.operator_name: must not be empty"]
    )  # fmt: skip
    ended = await maskline(deployment.target, *typed)
    assert ended.err == f"{message} (INVALID_ARGUMENT)\n"


async def test_an_error_as_json_is_on_standard_error(deployment: Deployment) -> None:
    deployment.answers("EndConversation", BUSY)
    ended = await maskline(deployment.target, "end", "c1", "--json", "--request-id", "r1")
    assert (ended.status, ended.out) == (1, "")
    assert ended.error == {
        "status": "UNAVAILABLE",
        "reason": "BACKEND_UNAVAILABLE",
        "message": "Redis does not answer.",
        "metadata": {},
        "field_violations": [],
        "retry_after_seconds": 1.5,
        "request_id": "r1",
        "exit_status": 1,
    }
    deployment.answers("CreatePool", WRONG_FIELDS)
    ended = await maskline(
        deployment.target,
        "pools",
        "create",
        "x",
        "--operator-name",
        "x",
        "--contact",
        "x",
        "--json",
    )
    assert ended.error["field_violations"][0] == {
        "field": "pool_id",
        "description": "must be lower-case",
    }


async def test_a_change_refused_for_its_etag_was_not_made(deployment: Deployment) -> None:
    deployment.answers("EndConversation", STALE)
    ended = await maskline(deployment.target, "end", "c1", "--json")
    assert (ended.error["reason"], ended.error["request_id"]) == ("ETAG_MISMATCH", "")


async def test_a_short_outage_is_retried(deployment: Deployment) -> None:
    response = pool_pb2.GetPoolResponse(pool=pool_pb2.Pool(pool_id="main"))
    deployment.answers("GetPool", grpc.StatusCode.UNAVAILABLE, response)
    assert (await maskline(deployment.target, "pools", "show", "main")).status == 0


async def test_an_unreachable_service_is_reported_with_its_address() -> None:
    target = f"127.0.0.1:{free_port()}"
    ended = await maskline(target, "end", "c1", "--request-id", "r1")
    assert (ended.status, ended.out) == (69, "")
    assert f"cannot be reached at {target}" in ended.err
    assert "--request-id r1" in ended.err
    ended = await maskline(target, "pools", "list", "--json")
    assert (ended.status, ended.error["exit_status"]) == (69, 69)
    assert ended.error["request_id"] == ""


async def test_a_call_ends_after_its_timeout(deployment: Deployment) -> None:
    deployment.answers("EndConversation", None)
    typed = ["end", "c1", "--request-id", "r1", "--timeout", "0.2"]
    ended = await maskline(deployment.target, *typed)
    assert ended.status == 69
    assert "did not answer in time" in ended.err
    assert "--request-id r1" in ended.err


@pytest.mark.parametrize(
    "typed",
    [["people", "show", "4255550111"], ["people", "show", "+1", "425", "555", "0111"],
     ["conversations", ALICE_PHONE], ["conversations", "list", "--phone", "(425) 555-0111"],
     ["people", "show", ALICE_PHONE, f"--{ALICE_PHONE}"]],
)  # fmt: skip
@pytest.mark.parametrize("as_json", [[], ["--json"]])
async def test_a_usage_error_repeats_no_number(typed: list[str], as_json: list[str]) -> None:
    ended = await maskline("127.0.0.1:1", *typed, *as_json)
    assert (ended.status, ended.out) == (2, "")
    assert "555" not in ended.err
    assert "0111" not in ended.err
    if as_json:
        assert ended.error["status"] == "USAGE"
    else:
        assert "--help`" in ended.err


async def test_a_body_that_is_not_unicode_is_refused(deployment: Deployment) -> None:
    ended = await maskline(deployment.target, "send", "c1", "--system", "-", stdin="\udcff")
    assert ended.status == 2
    assert deployment.requests == []


async def test_an_unexpected_error_is_reported_without_its_message(deployment: Deployment) -> None:
    ended = await maskline(deployment.target, "conversations", "list", "--name", "secret\udcff")
    assert (ended.status, ended.out) == (70, "")
    assert ended.err.startswith("Internal error in maskline: UnicodeEncodeError at ")
    assert "secret" not in ended.err
