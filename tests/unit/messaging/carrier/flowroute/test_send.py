"""What Flowroute's answers mean. Whole ways through HTTP are in the integration tests."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.carrier.flowroute.http import MAX_DELAY, Reply
from messaging_service.carrier.flowroute.send import read_answer
from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Uncertain
from messaging_service.model.errors import CarrierRefused, RecipientOptedOut
from messaging_service.model.message import OutboundMessage

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEXT = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "hello")


def read(
    status: int,
    content: bytes = b"",
    *,
    text: OutboundMessage = TEXT,
    headers: dict[str, str] | None = None,
) -> Answer:
    return read_answer(Reply(status, headers or {}, content), text, NOW)


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_means_one_of_the_four_answers_and_only_2xx_with_an_id_is_accepted(
    status: int,
) -> None:
    content = b'{"data":{"id":"mdr2-1"}}'
    expected: type[Answer]
    if 200 <= status < 300:
        expected = Accepted
    elif status in (401, 429, 503):
        expected = NotSent
    elif 300 <= status < 500 and status != 303:
        expected = Refused
    else:
        expected = Uncertain
    assert type(read(status, content)) is expected


@given(status=st.integers(100, 999), content=st.binary(max_size=200))
def test_no_answer_is_too_strange_to_be_read(status: int, content: bytes) -> None:
    assert isinstance(read(status, content), Accepted | Refused | Uncertain | NotSent)


@pytest.mark.parametrize(
    "content",
    [
        b'{"errors":[{"status":400,"title":null,"detail":"error code 1110"}]}',
        b'{"errors":[{"code":1110}]}',
        b'{"errors":[{"code":"1110"}]}',
        b'{"errors":[{"detail":{"reason":["User opted out"]}}]}',
        b'{"errors":[{"detail":"recipient is OPT-OUT"}]}',
        b"<p>1110: user opted out</p>",
    ],
)
def test_an_opt_out_is_found_in_whatever_shape_400_tells_it(content: bytes) -> None:
    answer = read(400, content)
    assert isinstance(answer, Refused)
    assert isinstance(answer.error, RecipientOptedOut)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        # Numbers that end in the code itself; none of 555-01xx does.
        (TEXT, b'{"errors":[{"detail":"+12065551110 is not yours"}]}'),
        (TEXT, b'{"errors":[{"detail":"206-555-1110 is not yours"}]}'),
        (TEXT, b'{"errors":[{"detail":"(206) 555 1110 is not yours"}]}'),
        (TEXT, b'{"errors":[{"detail":"call 1110-555-0100"}]}'),
        (TEXT, b'{"errors":[{"status":11101}]}'),
        (TEXT, b""),
        (
            OutboundMessage(
                "m1", "main", TEXT.from_number, TEXT.to_number, "how do I opt out of 1110?"
            ),
            b'{"errors":[{"detail":"cannot send \'how do I opt out of 1110?\'"}]}',
        ),
    ],
)
def test_a_number_or_a_body_repeated_in_an_error_is_not_taken_for_an_opt_out(
    text: OutboundMessage, content: bytes
) -> None:
    answer = read(400, content, text=text)
    assert isinstance(answer, Refused)
    assert isinstance(answer.error, CarrierRefused)


def test_only_400_tells_an_opt_out() -> None:
    answer = read(422, b'{"errors":[{"code":1110}]}')
    assert isinstance(answer, Refused)
    assert isinstance(answer.error, CarrierRefused)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        ("0", 1),
        ("301", 300),
        ("9" * 400, 300),
        ("-5", 1),
        ("soon", 1),
        ("\N{SUPERSCRIPT TWO}", 1),
        ("", 1),
        (format_datetime(NOW + timedelta(seconds=42), usegmt=True), 42),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 1),
        ("Mon, 23 Nov 2026 12:01:00", 1),
        ("Mon, 99 Nov 2026 12:01:00 GMT", 1),
    ],
)
def test_retry_after_is_honoured_within_bounds(value: str, seconds: int) -> None:
    answer = read(429, headers={"retry-after": value})
    assert isinstance(answer, NotSent)
    assert answer.error.retry_after == timedelta(seconds=seconds)


@given(st.text())
def test_no_retry_after_parks_a_text_for_longer_than_the_limit(value: str) -> None:
    answer = read(503, headers={"retry-after": value})
    assert isinstance(answer, NotSent)
    assert answer.error.retry_after is not None
    assert timedelta(0) < answer.error.retry_after <= MAX_DELAY


def test_why_never_repeats_what_the_carrier_wrote() -> None:
    for status in (400, 422, 500, 303):
        answer = read(status, b'{"errors":[{"detail":"hello to +14255550111"}]}')
        assert isinstance(answer, Refused | Uncertain)
        assert answer.why == f"HTTP {status}"
