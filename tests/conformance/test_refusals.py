"""Each method refuses as its comment in the proto says, with the published status and details."""

import pytest

from conformance.kit.documented import ERRORS, METADATA, METHODS, REASONS, STATUSES
from conformance.kit.own_pool import OwnPool
from conformance.kit.target import Target
from conformance.refusals import conversations, operations, reads, requests
from maskline.admin.v1 import pool_pb2

REFUSALS = conversations.TABLE | reads.TABLE | operations.TABLE
ROWS = [(method, reason) for method, table in REFUSALS.items() for reason in table]

# They list no errors: CheckAccess does nothing, items are refused one by one (test_items.py), and
# what is wrong with a deployment stands in the response (test_lifecycle.py).
WITHOUT_LIST = {"IngestMessages", "IngestDeliveryReceipts", "CheckDeployment", "CheckAccess"}
# Of any method; see test_credentials.py.
OF_ANY_METHOD = {"UNAUTHENTICATED", "PERMISSION_DENIED"}
# Of items; see test_items.py.
OF_ITEMS = {"SEND_TOKEN_INVALID"}
# What no client can bring about at will. tests/contract/conversation provokes each of these.
OUT_OF_REACH = {
    "CONCURRENT_CHANGE": "others would have to win race after race",
    "BACKEND_UNAVAILABLE": "Redis or the messaging service would have to stop",
    "RESTORE_PENDING": "an older copy of Redis would have to be restored",
    "CARRIER_CREDENTIALS_REJECTED": "the carrier would have to refuse the account",
    "DEAD_LETTER_UNREADABLE": "a stored text would have to be damaged",
    "CURSOR_EXPIRED": "events are kept for three days at the least",
    "NUMBER_LOOKUP_LIMIT_REACHED": "an operator sees all numbers and is not limited",
    "CALL_LIMIT_REACHED": "it would keep other callers of the deployment out",
    "SERVER_STOPPING": "no client stops a replica",
    "WATCH_TOO_SLOW": "how much is under way to a watcher is the network's affair",
}


def test_the_table_has_every_method_and_every_documented_reason_a_client_can_provoke() -> None:
    assert set(REFUSALS) | WITHOUT_LIST == set(METHODS)
    for method, table in REFUSALS.items():
        assert set(table) == ERRORS[method] - set(OUT_OF_REACH), method


def test_every_published_reason_is_provoked_or_out_of_reach() -> None:
    provoked = {reason for _, reason in ROWS}
    assert provoked.isdisjoint(OUT_OF_REACH)
    assert provoked | OF_ANY_METHOD | OF_ITEMS | set(OUT_OF_REACH) == REASONS


@pytest.mark.parametrize(("method", "reason"), ROWS)
def test_each_documented_refusal_comes_about(
    own: OwnPool, target: Target, method: str, reason: str
) -> None:
    if reason == "WATCH_LIMIT_REACHED" and not target.is_own:
        target.skip("it would keep other watchers of the deployment out")
    if (method, reason) == ("CreatePool", "REQUEST_ID_REUSED"):
        own.skip_if_creation_is_forgotten()
    request = own.filled(REFUSALS[method][reason](own))
    refusal = own.client.refusal(request)
    assert refusal.reason == reason
    assert refusal.code is STATUSES[reason]
    assert refusal.domain == "conversation.maskline"
    assert set(refusal.metadata) == METADATA[reason]
    assert bool(refusal.fields) is (reason == "INVALID_ARGUMENT")


def test_all_wrong_fields_of_a_request_are_named_at_once(own: OwnPool) -> None:
    request = requests.create(own, "1", masked_number="2", unique_name="é")
    expected = {"participants[1].phone_number", "masked_number", "unique_name"}
    assert own.client.refusal(own.filled(request)).fields == expected


def test_a_refused_pool_does_not_exist(own: OwnPool) -> None:
    name = "conformance-refused"
    taken = own.filled(REFUSALS["CreatePool"]["MASKED_NUMBER_ALREADY_ASSIGNED"](own))
    assert own.client.refusal(taken).reason == "MASKED_NUMBER_ALREADY_ASSIGNED"
    missing = own.client.refusal(own.filled(pool_pb2.GetPoolRequest(pool_id=name)))
    assert missing.reason == "POOL_NOT_FOUND"
    assert missing.metadata == {"pool_id": name}
