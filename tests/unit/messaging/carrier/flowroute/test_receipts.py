import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.carrier.flowroute.receipts import FAILURES, read_receipt
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import MessageState, Status

REASONS = {
    FailureReason.OPTED_OUT: [1110],
    FailureReason.CONTENT_BLOCKED: [1150, 1152],
    FailureReason.SENDER_NOT_AUTHORIZED: [1101, 1103, 1104, 1107, 1109, 1205, 1219, 1220],
    FailureReason.LIMIT_EXCEEDED: [1160, 1210],
    FailureReason.UNREACHABLE: [
        *(1006, 1102, 1105, 1106, 1108, 1111, 1112, 1115, 1116),
        *(1206, 1221, 1222),
    ],
}
# Flowroute's published list, apart from the five that are no failures.
PUBLISHED = [
    *range(1005, 1011),
    *range(1100, 1113),
    *(1115, 1116, 1150, 1152, 1160),
    *range(1200, 1223),
]
MEANINGS = {code: reason for reason, codes in REASONS.items() for code in codes}


def test_the_table_has_exactly_the_published_codes_and_each_has_the_meaning_it_documents() -> None:
    assert sorted(FAILURES) == PUBLISHED
    for code in PUBLISHED:
        reason = MEANINGS.get(code, FailureReason.CARRIER_REJECTED)
        expected = Status(MessageState.UNDELIVERED, Failure(reason, str(code)))
        assert read_receipt("any word", str(code)) == expected, code
    for code in (1000, 1001, 1002, 1003):
        assert read_receipt("any word", str(code)) == Status(MessageState.SENT)
    assert read_receipt("any word", "1004") == Status(MessageState.DELIVERED)


@given(st.integers(min_value=1223, max_value=2**70))
def test_every_code_from_1005_on_is_a_failure_published_or_not(code: int) -> None:
    status = read_receipt("", str(code))
    assert status is not None
    assert status.state is MessageState.UNDELIVERED
    assert status.failure is not None
    assert status.failure.reason is FailureReason.CARRIER_REJECTED
    # Nothing as long as a phone number is repeated.
    assert status.failure.carrier_code in (str(code), "")
    assert len(status.failure.carrier_code) <= 6


@given(st.integers(max_value=999).map(str) | st.sampled_from(["1004 ", "x", "\u0661", "10.04"]))
def test_a_code_of_another_form_reports_nothing_whatever_its_status_word(code: str) -> None:
    assert read_receipt("delivered", code) is None


@pytest.mark.parametrize(
    ("word", "state", "reason"),
    [
        ("smsc submit", MessageState.SENT, None),
        ("mmsc submit", MessageState.SENT, None),
        (" Message Buffered ", MessageState.SENT, None),
        ("DELIVERED", MessageState.DELIVERED, None),
        *(
            (word, MessageState.UNDELIVERED, FailureReason.CARRIER_REJECTED)
            for word in ("failed", "Rejected", " undelivered ", "delivery failure", "smsc reject")
        ),
        ("undeliverable", MessageState.UNDELIVERED, FailureReason.UNREACHABLE),
        ("expired", MessageState.UNDELIVERED, FailureReason.UNREACHABLE),
    ],
)
def test_without_a_code_the_status_word_decides_if_it_is_known(
    word: str, state: MessageState, reason: FailureReason | None
) -> None:
    assert read_receipt(word, "") == Status(state, Failure(reason) if reason else None)


@pytest.mark.parametrize("word", ["", "failed?", "pending", "not failed yet"])
def test_an_unknown_word_reports_nothing(word: str) -> None:
    assert read_receipt(word, "") is None
