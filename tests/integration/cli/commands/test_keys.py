"""`maskline keys`: counts of records by state key, and rotation."""

import pytest
from integration.cli.in_process import maskline
from integration.cli.scripted import Deployment

from maskline.conversation.v1 import deployment_pb2 as pb


def step(current: int, former: int, token: str = "", unreadable: int = 0) -> pb.RotateKeysResponse:
    return pb.RotateKeysResponse(
        keys=[
            pb.StateKey(key_id="c0ffee00", is_current=True, records=current),
            pb.StateKey(key_id="ab1e5eed", records=former),
        ],
        resealed_records=current,
        unreadable_records=unreadable,
        next_page_token=token,
    )


@pytest.mark.parametrize(("command", "only_count"), [("status", True), ("rotate", False)])
async def test_the_counts_of_all_steps_are_added(
    deployment: Deployment, command: str, only_count: bool
) -> None:
    deployment.answers("RotateKeys", step(5, 1, "7"), step(6, 0, "3", unreadable=2), step(4, 1))
    ended = await maskline(deployment.target, "keys", command)
    assert ended.status == 0, ended.err
    rows = [line.split() for line in ended.out.splitlines()[1:]]
    assert rows == [["c0ffee00", "current", "15"], ["ab1e5eed", "former", "2"], ["unreadable", "2"]]
    requests = deployment.received(pb.RotateKeysRequest)
    assert [request.page_token for request in requests] == ["", "7", "3"]
    assert {request.only_count for request in requests} == {only_count}
    assert len({request.request_id for request in requests}) == 3


async def test_json_has_one_response_for_all_steps(deployment: Deployment) -> None:
    deployment.answers("RotateKeys", step(5, 1, "7"), step(6, 0))
    ended = await maskline(deployment.target, "keys", "rotate", "--json")
    assert ended.json == {
        "keys": [
            {"key_id": "c0ffee00", "is_current": True, "records": "11"},
            {"key_id": "ab1e5eed", "is_current": False, "records": "1"},
        ],
        "resealed_records": "11",
        "unreadable_records": "0",
        "next_page_token": "",
    }
