from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import (
    Attachment,
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendResolution,
    Status,
    violations_of,
)
from messaging_service.model.send_result import SendOutcome, result_from_record

NO_NUMBERS = (
    *("", "14255550111", "+", "+0425555011", "+1425555", "+1234567890123456", "+1 425 555 0111"),
    *("+14255550111\n", "+1425555011\N{ARABIC-INDIC DIGIT ONE}", "+1425555011\N{SUPERSCRIPT ONE}"),
)
TEXT = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "hello")
FILE = Attachment("https://store.example/1")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_state_outranks_every_state_that_can_come_before_it() -> None:
    failed = {MessageState.FAILED, MessageState.UNDELIVERED, MessageState.EXPIRED}
    early = (MessageState.ACCEPTED, MessageState.UNCERTAIN, MessageState.SENT)
    assert {*early, *failed, MessageState.DELIVERED} == set(MessageState)
    assert len({state.rank for state in failed}) == 1
    order = [*early, *failed, MessageState.DELIVERED]
    assert sorted(order, key=lambda state: state.rank) == order
    # Zero stands for "keep the state" on the way to the ledger.
    assert [len({state.rank for state in MessageState}), order[0].rank > 0] == [5, True]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (MessageState.UNCERTAIN, SendOutcome.UNCERTAIN),
        (MessageState.SENT, SendOutcome.SENT),
        (MessageState.FAILED, SendOutcome.REJECTED),
        (MessageState.UNDELIVERED, SendOutcome.SENT),
        (MessageState.DELIVERED, SendOutcome.SENT),
    ],
)
def test_the_outcome_of_a_send_follows_from_the_state(
    state: MessageState, outcome: SendOutcome
) -> None:
    result = result_from_record(_message(Status(state)))
    assert (result.outcome, result.state) == (outcome, state)
    assert (result.failure is not None) == (outcome is SendOutcome.REJECTED)
    assert result.error is None


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.UNDELIVERED])
def test_a_stored_failure_is_returned_with_the_refused_files(state: MessageState) -> None:
    failure = Failure(FailureReason.OPTED_OUT, "1110")
    message = replace(_message(Status(state, failure)), refused_media=2)
    result = result_from_record(message)
    assert (result.failure, result.refused_attachment_count) == (failure, 2)


def test_a_send_that_was_given_up_is_unresolved_until_a_receipt_arrives() -> None:
    lost = replace(
        _message(Status(MessageState.UNCERTAIN)), resolution=SendResolution.PREFERRED_LOSS
    )
    assert result_from_record(lost).failure == Failure(FailureReason.UNRESOLVED)
    assert result_from_record(replace(lost, status=Status(MessageState.SENT))).failure is None


def test_a_resolution_is_in_the_result_only_when_the_message_is_resolved() -> None:
    again = SendResolution.SENT_AGAIN
    message = replace(_message(Status(MessageState.UNCERTAIN)), resolution=again)
    assert result_from_record(message, timedelta(seconds=1)).resolution is None
    assert (
        result_from_record(replace(message, status=Status(MessageState.SENT))).resolution is again
    )


def test_a_message_within_the_limits_has_no_violations() -> None:
    for text in (
        TEXT,
        replace(TEXT, message_id="x" * 64, pool="x" * 64, body="\N{GRINNING FACE}" * 10_000),
        replace(TEXT, to_number="+123456789012345", from_number="+12345678"),
        replace(TEXT, body="", attachments=(FILE,) * 16),
    ):
        assert violations_of(text) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_id", ""),
        ("message_id", "x" * 65),
        ("pool", ""),
        ("pool", "x" * 65),
        ("body", ""),
        ("body", "x" * 10_001),
        *(("body", f"hello there{control}") for control in "\x00\x07\x1b\ud800"),
        ("attachments", (FILE,) * 17),
        *product(("from_number", "to_number"), NO_NUMBERS),
    ],
)
def test_an_invalid_field_is_named_and_not_repeated(
    field: str, value: str | tuple[Attachment, ...]
) -> None:
    fields: dict[str, Any] = {field: value}
    problem = violations_of(replace(TEXT, **fields))
    assert problem is not None
    published = {"pool": "pool_id"}.get(field, field)
    assert [violation.field for violation in problem.violations] == [published]
    assert field in problem.message
    assert len(value) < 7 or str(value) not in problem.message


def test_all_violations_are_returned_at_once() -> None:
    problem = violations_of(OutboundMessage("", "", "", "", ""))
    assert problem is not None
    assert len(problem.violations) == 5


# Longer and of other characters than what stands in every repr.
@given(st.text("#%&@", min_size=8), st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True))
def test_the_repr_of_a_message_contains_no_body_number_or_url(body: str, number: str) -> None:
    file = Attachment(f"https://store.example/{body}", "image/png", 1)
    text = OutboundMessage("m", "p", number, number, body, (file,))
    assert repr(text) == str(text)
    assert not any(secret in repr(text) for secret in (body, number, "store.example"))


def _message(status: Status) -> MessageRecord:
    return MessageRecord("m1", "main", status, accept_time=NOON, update_time=NOON)
