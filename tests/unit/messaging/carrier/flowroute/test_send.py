import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.carrier.flowroute.http import MAX_DELAY, FlowrouteHttp, Reply
from messaging_service.carrier.flowroute.send import answer_to, read_answer
from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Uncertain
from messaging_service.config.settings import Settings
from messaging_service.media.fetch import MediaFetcher
from messaging_service.model.failure import FailureReason
from messaging_service.model.message import OutboundMessage
from runtime.tls import shared_client_context

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEXT = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "hello")


def read(
    status: int, content: bytes = b"", text: OutboundMessage = TEXT, retry_after: str | None = None
) -> Answer:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return read_answer(Reply(status, headers, content), text, NOW)


def failure_of(answer: Answer) -> FailureReason:
    assert isinstance(answer, Refused)
    return answer.failure.reason


def delay_of(answer: Answer) -> timedelta:
    assert isinstance(answer, NotSent)
    assert answer.error.retry_after is not None
    return answer.error.retry_after


def test_every_status_has_one_of_four_answers_and_only_2xx_with_an_id_is_accepted() -> None:
    for status in range(100, 600):
        expected: type[Answer]
        if 200 <= status < 300:
            expected = Accepted
        elif status in (401, 429, 503):
            expected = NotSent
        elif 300 <= status < 500 and status != 303:
            expected = Refused
        else:
            expected = Uncertain
        assert type(read(status, b'{"data":{"id":"mdr2-1"}}')) is expected, status


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b'{"data":{}}', b'{"data":{"id":null}}', b"[" * 60_000]
)
def test_an_accepted_message_without_an_id_is_uncertain(content: bytes) -> None:
    assert read(202, content) == Uncertain("HTTP 202 without an id")
    assert read(200, b'{"data":{"id":"mdr1-1"}}') == Accepted("mdr1-1")


@given(status=st.integers(100, 999), content=st.binary(max_size=200))
def test_every_answer_can_be_read(status: int, content: bytes) -> None:
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
def test_an_opt_out_is_found_in_a_400_of_any_form_and_in_no_other_status(content: bytes) -> None:
    assert failure_of(read(400, content)) is FailureReason.OPTED_OUT
    assert failure_of(read(422, content)) is FailureReason.CARRIER_REJECTED


@pytest.mark.parametrize(
    "detail",
    [
        # Numbers that end in the code itself; none of 555-01xx does.
        '"+12065551110 is not yours"',
        '"206-555-1110 is not yours"',
        '"(206) 555 1110 is not yours"',
        '"call 1110-555-0100"',
        "11101",
        "\"cannot send 'how do I opt out of 1110?'\"",
    ],
)
def test_a_number_or_a_body_repeated_in_an_error_is_not_taken_for_an_opt_out(detail: str) -> None:
    text = replace(TEXT, body="how do I opt out of 1110?")
    content = f'{{"errors":[{{"detail":{detail}}}]}}'.encode()
    assert failure_of(read(400, content, text)) is FailureReason.CARRIER_REJECTED
    assert failure_of(read(400, b"")) is FailureReason.CARRIER_REJECTED


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("30", 30), ("0", 1), ("301", 300), ("9" * 400, 300), ("-5", 1), ("soon", 1)),
        *(("\N{SUPERSCRIPT TWO}", 1), ("", 1)),
        (format_datetime(NOW + timedelta(seconds=42), usegmt=True), 42),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 1),
        ("Mon, 23 Nov 2026 12:01:00", 1),
        ("Mon, 99 Nov 2026 12:01:00 GMT", 1),
    ],
)
def test_retry_after_is_honoured_within_bounds(value: str, seconds: int) -> None:
    assert delay_of(read(429, retry_after=value)) == timedelta(seconds=seconds)


@given(st.text())
def test_no_retry_after_delays_a_message_beyond_the_limit(value: str) -> None:
    assert timedelta(0) < delay_of(read(503, retry_after=value)) <= MAX_DELAY


def test_why_never_repeats_text_of_the_carrier() -> None:
    for status in (400, 422, 500, 303):
        answer = read(status, b'{"errors":[{"detail":"hello to +14255550111"}]}')
        assert isinstance(answer, Refused | Uncertain)
        assert answer.why == f"HTTP {status}"


async def test_no_client_makes_a_tls_context_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    shared_client_context()
    monkeypatch.delattr(ssl, "create_default_context")
    async with FlowrouteHttp(Settings()), MediaFetcher(timeout_seconds=1, connections=1):
        pass


# Which failures of aiohttp prove that nothing was sent.

KEY = ConnectionKey("carrier.example", 443, True, True, None, None, None)
REFUSED = ConnectionRefusedError(111, "refused")

NEVER_CONNECTED: list[Exception] = [
    aiohttp.ClientConnectorError(KEY, REFUSED),
    aiohttp.ClientConnectorDNSError(KEY, REFUSED),
    aiohttp.ClientConnectorSSLError(KEY, REFUSED),
    aiohttp.ClientConnectorCertificateError(KEY, ValueError("wrong name")),
    aiohttp.ConnectionTimeoutError("no connection in time, or none free"),
]
PERHAPS_WRITTEN: list[Exception] = [
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientOSError(104, "reset by peer"),
    aiohttp.ClientConnectionResetError("cannot write to closing transport"),
    aiohttp.ClientConnectionError("broken"),
    aiohttp.SocketTimeoutError("no answer in time"),
    aiohttp.ServerTimeoutError("no answer in time"),
    aiohttp.ClientPayloadError("body cut off"),
    TimeoutError(),
    ValueError("anything at all"),
]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((error, NotSent) for error in NEVER_CONNECTED),
        *((error, Uncertain) for error in PERHAPS_WRITTEN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_a_failure_before_the_connection_means_not_sent(
    error: Exception, kind: type[NotSent | Uncertain]
) -> None:
    answer = answer_to(error)
    assert isinstance(answer, kind)
    assert answer.why == type(error).__name__
