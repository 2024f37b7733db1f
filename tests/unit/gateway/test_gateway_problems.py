"""Why a callback is not taken, as the caller hears it."""

import json

import pytest

from gateway import problems
from gateway.conversation_client import NOT_TAKEN, REFUSALS, check_message, check_receipt
from gateway.problems import PROBLEM_TYPES, Refused, ServiceUnavailable, problem_response
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.error_reason_pb2 import ErrorReason


def test_every_refusal_has_one_row_in_the_table() -> None:
    assert set(PROBLEM_TYPES) == set(Refused.__subclasses__())
    reasons = [kind.reason for kind in PROBLEM_TYPES.values()]
    assert len(reasons) == len(set(reasons))


@pytest.mark.parametrize("refused", list(PROBLEM_TYPES))
def test_a_problem_says_what_rfc_9457_asks_for(refused: type[Refused]) -> None:
    response = problem_response(refused("Do this."))
    told = json.loads(bytes(response.body))
    kind = PROBLEM_TYPES[refused]
    assert response.status_code == kind.status
    assert response.media_type == "application/problem+json"
    assert told == {
        "type": f"urn:problem-type:maskline:{kind.reason}",
        "title": kind.status.phrase,
        "status": int(kind.status),
        "detail": "Do this.",
    }


def test_what_passes_says_when_to_come_again() -> None:
    assert problem_response(ServiceUnavailable("Later.")).headers["retry-after"] == "5"


@pytest.mark.parametrize("refused", [problems.BodyTooLarge, problems.BodyTooSlow])
def test_a_body_that_was_not_read_ends_the_connection(refused: type[Refused]) -> None:
    assert problem_response(refused("Stop.")).headers["connection"] == "close"


def refused_message(reason: ErrorReason.ValueType) -> pb.ReceiveMessageResult:
    error = pb.ItemError(reason=reason, message="secret words")
    return pb.ReceiveMessageResult(outcome=pb.RECEIVE_OUTCOME_REFUSED, error=error)


@pytest.mark.parametrize("reason", ErrorReason.values())
def test_every_published_reason_has_an_answer(reason: ErrorReason.ValueType) -> None:
    refusal, detail = REFUSALS.get(reason, NOT_TAKEN)
    with pytest.raises(refusal) as raised:
        check_message(refused_message(reason))
    assert str(raised.value) == detail


def test_only_what_can_never_pass_is_final() -> None:
    final = {ErrorReason.Name(reason).removeprefix("ERROR_REASON_") for reason in REFUSALS}
    assert final == {
        "INVALID_ARGUMENT",
        "UNKNOWN_MASKED_NUMBER",
        "REQUEST_ID_REUSED",
        "SEND_TOKEN_NOT_VALID",
    }
    assert NOT_TAKEN[0] is ServiceUnavailable


@pytest.mark.parametrize("outcome", [pb.RECEIVE_OUTCOME_ACCEPTED, pb.RECEIVE_OUTCOME_REPEATED, 99])
def test_a_text_is_taken_when_it_is_committed_or_the_outcome_is_new_to_us(
    outcome: pb.ReceiveOutcome.ValueType,
) -> None:
    check_message(pb.ReceiveMessageResult(outcome=outcome))


def test_an_outcome_that_was_never_said_is_no_commit() -> None:
    with pytest.raises(ServiceUnavailable):
        check_message(pb.ReceiveMessageResult())
    with pytest.raises(ServiceUnavailable):
        check_receipt(pb.DeliveryReceipt(), pb.ReceiveDeliveryReceiptResult())


@pytest.mark.parametrize("outcome", [pb.RECEIPT_OUTCOME_RECORDED, pb.RECEIPT_OUTCOME_UNMATCHED, 99])
def test_a_receipt_nobody_knows_needs_no_sending_again(
    outcome: pb.ReceiptOutcome.ValueType,
) -> None:
    check_receipt(pb.DeliveryReceipt(), pb.ReceiveDeliveryReceiptResult(outcome=outcome))
