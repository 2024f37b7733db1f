"""Texts, states and what is answered about them."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.domain import (
    MessageState,
    SendOutcome,
    Standing,
    Text,
    problem_of,
    result_of,
)
from messaging_service.errors import (
    CarrierAccountRefused,
    CarrierRefused,
    RecipientOptedOut,
)

NO_NUMBERS = (
    *("", "14255550111", "+", "+0425555011", "+142555", "+1234567890123456", "+1 425 555 0111"),
    *("+14255550111\n", "+1425555011\N{ARABIC-INDIC DIGIT ONE}", "+1425555011\N{SUPERSCRIPT ONE}"),
)
TEXT = Text("m1", "main", "+12065550100", "+14255550111", "hello")


def test_a_state_outranks_every_state_that_can_come_before_it() -> None:
    order = [
        {MessageState.ACCEPTED},
        {MessageState.UNKNOWN},
        {MessageState.SENT},
        {MessageState.REFUSED, MessageState.UNDELIVERED, MessageState.EXPIRED},
        {MessageState.DELIVERED},
    ]
    assert set().union(*order) == set(MessageState)
    ranks = [{state.rank for state in states} for states in order]
    assert all(len(same) == 1 for same in ranks)
    assert [min(same) for same in ranks] == sorted(min(same) for same in ranks)
    assert len(set().union(*ranks)) == len(order)
    # Zero stands for "keep the state" on the way to the ledger.
    assert min(min(same) for same in ranks) > 0


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (MessageState.UNKNOWN, SendOutcome.UNKNOWN),
        (MessageState.SENT, SendOutcome.ACCEPTED),
        (MessageState.REFUSED, SendOutcome.REFUSED),
        (MessageState.UNDELIVERED, SendOutcome.ACCEPTED),
        (MessageState.DELIVERED, SendOutcome.ACCEPTED),
    ],
)
def test_the_outcome_of_a_send_follows_from_how_far_the_text_got(
    state: MessageState, outcome: SendOutcome
) -> None:
    result = result_of("m1", Standing(state))
    assert (result.outcome, result.state) == (outcome, state)
    assert (result.error is not None) == (outcome is SendOutcome.REFUSED)


@pytest.mark.parametrize("kind", [CarrierRefused, RecipientOptedOut, CarrierAccountRefused])
def test_a_stored_refusal_is_told_again_as_it_was(kind: type[Exception]) -> None:
    error = kind()
    assert isinstance(error, CarrierRefused | RecipientOptedOut | CarrierAccountRefused)
    result = result_of("m1", Standing(MessageState.REFUSED, error.reason))
    assert type(result.error) is kind


def test_a_text_within_the_limits_has_no_problem() -> None:
    for text in (
        TEXT,
        replace(TEXT, message_id="x" * 64, pool="x" * 64, body="\N{GRINNING FACE}" * 10_000),
        replace(TEXT, to_number="+123456789012345", from_number="+1234567"),
    ):
        assert problem_of(text) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_id", ""),
        ("message_id", "x" * 65),
        ("pool", ""),
        ("pool", "x" * 65),
        ("body", ""),
        ("body", "x" * 10_001),
        *product(("from_number", "to_number"), NO_NUMBERS),
    ],
)
def test_a_field_of_wrong_form_is_named_and_not_repeated(field: str, value: str) -> None:
    problem = problem_of(replace(TEXT, **{field: value}))
    assert problem is not None
    assert [violation.field for violation in problem.violations] == [field]
    assert field in problem.message
    assert len(value) < 7 or value not in problem.message


def test_all_that_is_wrong_is_told_at_once() -> None:
    problem = problem_of(Text("", "", "", "", ""))
    assert problem is not None
    assert len(problem.violations) == 5


@given(st.text(min_size=8), st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True))
def test_what_a_text_prints_shows_neither_body_nor_numbers(body: str, number: str) -> None:
    text = Text("m", "p", number, number, body)
    assert repr(text) == str(text) == "Text(message_id='m', pool='p')"
