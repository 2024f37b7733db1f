import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.model.message import MessageState
from messaging_service.model.receipt import STATES, Receipt, state_of

# Flowroute's published list, apart from the four that are no failures.
FAILURES = [
    *range(1005, 1011),
    *range(1100, 1113),
    *(1115, 1116, 1150, 1152, 1160),
    *range(1200, 1223),
]
TABLE = {
    **dict.fromkeys((1000, 1001, 1002, 1003), MessageState.SENT),
    1004: MessageState.DELIVERED,
    **dict.fromkeys(FAILURES, MessageState.UNDELIVERED),
}


def test_the_table_has_exactly_the_published_codes_and_each_has_the_state_it_documents() -> None:
    assert set(STATES) == set(TABLE)
    for code, state in TABLE.items():
        assert state_of(_receipt(code, "any word")) is state, code


@given(st.integers(min_value=1005, max_value=2**31 - 1))
def test_every_code_from_1005_on_is_a_failure_published_or_not(code: int) -> None:
    assert state_of(_receipt(code)) is MessageState.UNDELIVERED


@given(st.integers(min_value=-(2**31), max_value=999), st.sampled_from(["", "delivered"]))
def test_a_code_below_the_table_reports_no_state_whatever_its_status_word(
    code: int, word: str
) -> None:
    assert state_of(_receipt(code, word)) is None


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("smsc submit", MessageState.SENT),
        ("mmsc submit", MessageState.SENT),
        (" Message Buffered ", MessageState.SENT),
        ("DELIVERED", MessageState.DELIVERED),
        ("undelivered", MessageState.UNDELIVERED),
        ("", None),
        ("failed?", None),
    ],
)
def test_without_a_code_the_status_word_decides_if_it_is_known(
    word: str, state: MessageState | None
) -> None:
    assert state_of(_receipt(None, word)) is state


def _receipt(code: int | None, word: str = "") -> Receipt:
    return Receipt(carrier_message_id="mdr2-1", send_token="", status_code=code, status=word)
