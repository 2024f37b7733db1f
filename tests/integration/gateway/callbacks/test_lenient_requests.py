"""Callbacks that differ in form only, and an id that comes again with other words."""

import json

import httpx
import pytest

from gateway.access.callback_auth import CallerRules, HiddenNotFound, check
from gateway.problems import CredentialsNeeded
from maskline.ingest.v1 import ingest_pb2
from support.builders.item_errors import item_error
from support.fakes.carrier_callbacks import receipt, sms
from support.services.running_gateway import RunningGateway, ScriptedConversations

BOM = b"\xef\xbb\xbf"
TOKEN = "n" * 32


async def post(gateway: RunningGateway, path: str, callback: object) -> httpx.Response:
    return await gateway.http.post(path, content=BOM + json.dumps(callback).encode())


@pytest.mark.parametrize("path", ["/api/message", "/api/message/"])
async def test_a_byte_order_mark_and_a_final_slash_are_accepted(
    gateway: RunningGateway, scripted: ScriptedConversations, path: str
) -> None:
    assert (await post(gateway, path, sms())).status_code == 200
    assert [message.body for message in scripted.messages] == ["hello"]


@pytest.mark.parametrize("path", ["/api/receipt/", "/api/receipt/attempt/c2VuZA/"])
async def test_so_it_is_with_receipts(gateway: RunningGateway, path: str) -> None:
    assert (await post(gateway, path, receipt())).status_code == 200


def test_a_final_slash_opens_nothing() -> None:
    rules = CallerRules(callback_tokens=(TOKEN.encode(),))
    assert check(rules, f"/api/message/{TOKEN}/", None, b"") == "/api/message"
    for path in ("/api/message/", "/api/receipt/", f"/api/message/{TOKEN}//"):
        with pytest.raises(HiddenNotFound):
            check(rules, path, None, b"")
    with pytest.raises(CredentialsNeeded):
        check(CallerRules(credentials=b"secret"), "/api/receipt/", None, b"")


async def test_an_id_with_other_words_is_not_asked_for_again(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.message_result = ingest_pb2.IngestMessageResult(
        outcome=ingest_pb2.INGEST_OUTCOME_REFUSED,
        error=item_error("REQUEST_ID_REUSED"),
    )
    assert (await post(gateway, "/api/message", sms())).status_code == 200
