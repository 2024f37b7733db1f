"""The account's two methods return exactly the errors that the contract documents."""

import re
from pathlib import Path

import grpc
import pytest
from redis.asyncio import Redis

from messaging_service.model import errors
from messaging_service.rpc.status import CODES, DOMAIN
from support.clock import ManualClock
from support.fakes.scripted_carrier import Answer, scripted_carrier
from support.net.grpc_calls import reason
from support.services.messaging_service import Messaging, serving, settings_for

# Every kind of answer that Flowroute documents, with what a proxy may add.
STATUSES = (200, 302, 400, 401, 403, 404, 405, 415, 422, 429, 500, 502, 503)
KINDS = {kind.reason: kind for kind in errors.MessagingError.__subclasses__()}


@pytest.mark.parametrize("method", ["ListCarrierNumbers", "CheckCarrierAccount"])
async def test_each_documented_refusal_can_come_and_no_other(
    redis: Redis, redis_url: str, clock: ManualClock, method: str
) -> None:
    refusals: set[tuple[str, grpc.StatusCode]] = set()
    async with (
        scripted_carrier() as carrier,
        serving(settings_for(redis_url, carrier.url), clock) as messaging,
    ):
        if method == "ListCarrierNumbers":
            refusals |= await _refusals(messaging, method, page_size=-1)
        for account in ("x" * 65, "another"):
            refusals |= await _refusals(messaging, method, account=account)
        for answer in (*map(_answer, STATUSES), None):
            carrier.always(answer)
            refusals |= await _refusals(messaging, method)
    assert refusals == {(name, CODES[KINDS[name]]) for name in _documented(method)}


async def _refusals(
    messaging: Messaging, method: str, *, page_size: int = 0, account: str = ""
) -> set[tuple[str, grpc.StatusCode]]:
    call = (
        messaging.check(account)
        if method == "CheckCarrierAccount"
        else messaging.list_numbers(page_size, account=account)
    )
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return {(reason(error, DOMAIN), error.code())}
    return set()


def _answer(status: int) -> Answer:
    return f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode()


def _documented(method: str) -> list[str]:
    """The reasons above the method in the contract."""
    contract = Path(__file__).parents[4] / "protos/maskline/messaging/v1/carrier.proto"
    comments = r"((?:^  //.*\n)+)^  rpc "
    [comment] = re.findall(comments + method, contract.read_text(), re.MULTILINE)
    return re.findall(r"[A-Z]+(?:_[A-Z]+)+", comment.rpartition("Errors:")[2])
