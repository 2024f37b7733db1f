import json

import pytest

from gateway import problems
from gateway.conversation_client import NOT_TAKEN, REFUSALS, check_message, check_receipt
from gateway.problems import PROBLEM_TYPES, Refused, ServiceUnavailable, problem_response
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.error_reason_pb2 import ErrorReason

# Values that a later version of the service may send.
NEW_OUTCOME = pb.ReceiveOutcome.ValueType(99)
NEW_RECEIPT_OUTCOME = pb.ReceiptOutcome.ValueType(99)


def test_every_error_has_one_row_in_the_table() -> None:
    assert set(PROBLEM_TYPES) == set(Refused.__subclasses__())
    reasons = [problem.reason for problem in PROBLEM_TYPES.values()]
    assert len(reasons) == len(set(reasons))


@pytest.mark.parametrize("refused", PROBLEM_TYPES)
def test_a_problem_has_the_members_of_rfc_9457(refused: type[Refused]) -> None:
    response, problem = problem_response(refused("Do this.")), PROBLEM_TYPES[refused]
    assert response.status_code == problem.status
    assert response.media_type == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": f"urn:problem-type:maskline:{problem.reason}",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": "Do this.",
    }


@pytest.mark.parametrize("refused", [problems.BodyTooLarge, problems.BodyTooSlow])
def test_an_unread_body_closes_the_connection(refused: type[Refused]) -> None:
    assert problem_response(refused("Stop.")).headers["connection"] == "close"


@pytest.mark.parametrize("reason", ErrorReason.values())
def test_every_published_reason_has_a_problem(reason: ErrorReason.ValueType) -> None:
    refusal, detail = REFUSALS.get(reason, NOT_TAKEN)
    error = pb.ItemError(reason=reason, message="secret words")
    result = pb.ReceiveMessageResult(outcome=pb.RECEIVE_OUTCOME_REFUSED, error=error)
    with pytest.raises(refusal) as raised:
        check_message(result)
    assert str(raised.value) == detail


def test_only_permanent_reasons_are_final() -> None:
    final = {ErrorReason.Name(reason).removeprefix("ERROR_REASON_") for reason in REFUSALS}
    permanent = "INVALID_ARGUMENT UNKNOWN_MASKED_NUMBER REQUEST_ID_REUSED SEND_TOKEN_NOT_VALID"
    assert final == set(permanent.split())
    assert NOT_TAKEN[0] is ServiceUnavailable


def test_every_outcome_but_a_missing_one_is_a_commit() -> None:
    """An unmatched receipt need not be sent again."""
    for outcome in (pb.RECEIVE_OUTCOME_ACCEPTED, pb.RECEIVE_OUTCOME_REPEATED, NEW_OUTCOME):
        check_message(pb.ReceiveMessageResult(outcome=outcome))
    for recorded in (
        pb.RECEIPT_OUTCOME_RECORDED,
        pb.RECEIPT_OUTCOME_UNMATCHED,
        NEW_RECEIPT_OUTCOME,
    ):
        check_receipt(pb.DeliveryReceipt(), pb.ReceiveDeliveryReceiptResult(outcome=recorded))
    with pytest.raises(ServiceUnavailable):
        check_message(pb.ReceiveMessageResult())
    with pytest.raises(ServiceUnavailable):
        check_receipt(pb.DeliveryReceipt(), pb.ReceiveDeliveryReceiptResult())
