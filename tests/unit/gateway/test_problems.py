"""The problems of refused callbacks."""

import json

import pytest
from structlog.testing import capture_logs

from gateway import problems
from gateway.conversation_client import NOT_TAKEN, REFUSALS, check_message, check_receipt
from gateway.problems import PROBLEM_TYPES, Refused, ServiceUnavailable, problem_response
from maskline.conversation.v1.error_reason_pb2 import ErrorReason
from maskline.ingest.v1 import ingest_pb2
from support.builders.item_errors import item_error


def test_every_error_has_one_row_in_the_table() -> None:
    assert set(PROBLEM_TYPES) == set(Refused.__subclasses__())
    reasons = [problem.reason for problem in PROBLEM_TYPES.values()]
    assert len(reasons) == len(set(reasons))


@pytest.mark.parametrize("refused", list(PROBLEM_TYPES))
def test_a_problem_has_the_members_of_rfc_9457(refused: type[Refused]) -> None:
    response = problem_response(refused("Do this."))
    problem = PROBLEM_TYPES[refused]
    assert response.status_code == problem.status
    assert response.media_type == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": f"urn:problem-type:maskline:{problem.reason}",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": "Do this.",
    }


def test_a_transient_problem_has_the_time_to_wait() -> None:
    assert problem_response(ServiceUnavailable("Later.")).headers["retry-after"] == "5"


@pytest.mark.parametrize("refused", [problems.BodyTooLarge, problems.BodyTooSlow])
def test_an_unread_body_closes_the_connection(refused: type[Refused]) -> None:
    assert problem_response(refused("Stop.")).headers["connection"] == "close"


MESSAGE = ingest_pb2.InboundMessage(carrier_message_id="mdr2-1")
REUSED = "REQUEST_ID_REUSED"
REASONS = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name}


def refused_message(reason: str) -> ingest_pb2.IngestMessageResult:
    error = item_error(reason, "secret words")
    return ingest_pb2.IngestMessageResult(outcome=ingest_pb2.INGEST_OUTCOME_REFUSED, error=error)


@pytest.mark.parametrize("reason", sorted(REASONS - {REUSED}))
def test_every_published_reason_has_a_problem(reason: str) -> None:
    refusal, detail = REFUSALS.get(reason, NOT_TAKEN)
    with pytest.raises(refusal) as raised:
        check_message(MESSAGE, refused_message(reason))
    assert str(raised.value) == detail


def test_an_id_that_came_before_with_other_words_is_logged_and_need_not_be_sent_again() -> None:
    with capture_logs() as logged:
        check_message(MESSAGE, refused_message(REUSED))
    assert [(entry["event"], entry["carrier_message_id"]) for entry in logged] == [
        ("message_id_reused", "mdr2-1")
    ]


def test_only_permanent_reasons_are_final() -> None:
    assert set(REFUSALS) == {"INVALID_ARGUMENT", "MASKED_NUMBER_NOT_FOUND", "SEND_TOKEN_INVALID"}
    assert set(REFUSALS) < REASONS
    assert NOT_TAKEN[0] is ServiceUnavailable


@pytest.mark.parametrize(
    "outcome", [ingest_pb2.INGEST_OUTCOME_ACCEPTED, ingest_pb2.INGEST_OUTCOME_REPEATED, 99]
)
def test_an_accepted_repeated_or_unknown_outcome_is_a_commit(
    outcome: ingest_pb2.IngestOutcome.ValueType,
) -> None:
    check_message(MESSAGE, ingest_pb2.IngestMessageResult(outcome=outcome))


def test_a_missing_outcome_is_no_commit() -> None:
    with pytest.raises(ServiceUnavailable):
        check_message(MESSAGE, ingest_pb2.IngestMessageResult())
    with pytest.raises(ServiceUnavailable):
        check_receipt(ingest_pb2.DeliveryReceipt(), ingest_pb2.IngestDeliveryReceiptResult())


@pytest.mark.parametrize(
    "outcome", [ingest_pb2.RECEIPT_OUTCOME_RECORDED, ingest_pb2.RECEIPT_OUTCOME_UNMATCHED, 99]
)
def test_an_unmatched_receipt_need_not_be_sent_again(
    outcome: ingest_pb2.ReceiptOutcome.ValueType,
) -> None:
    check_receipt(
        ingest_pb2.DeliveryReceipt(), ingest_pb2.IngestDeliveryReceiptResult(outcome=outcome)
    )
