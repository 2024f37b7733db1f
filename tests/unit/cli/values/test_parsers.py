import io
from datetime import UTC, datetime, timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from maskline_cli.values.parsers import (
    MAX_TEXT_CHARACTERS,
    duration,
    format_duration,
    labels,
    message_body,
    moment,
    phone_number,
    scrub_phone_numbers,
)


@pytest.mark.parametrize(
    "typed", ["+12065550100", "+1 (206) 555-0100", " +1.206.555.0100 ", "+1\u00a02065550100"]
)
def test_a_number_may_be_typed_with_separators(typed: str) -> None:
    assert phone_number(typed) == "+12065550100"


@pytest.mark.parametrize(
    "typed",
    ["2065550100", "+02065550100", "+12065", "+1206555010012345", "+1206555010x", "", "++1206"],
)
def test_what_is_no_full_number_is_refused_without_being_repeated(typed: str) -> None:
    with pytest.raises(typer.BadParameter) as refusal:
        phone_number(typed)
    assert "206" not in str(refusal.value)


def test_a_label_is_a_key_and_a_value() -> None:
    assert labels(["ride=42", "note=a=b", "car="]) == {"ride": "42", "note": "a=b", "car": ""}
    with pytest.raises(typer.BadParameter):
        labels(["ride"])


def test_a_time_is_local_unless_it_has_a_zone() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert moment("2026-03-01T12:00:00Z") == moment("2026-03-01 14:00+02:00") == noon
    assert moment(f"{noon.astimezone():%Y-%m-%d %H:%M}") == noon
    for typed in ("", "noon", "2026-13-01 12:00", "0001-01-01 00:00+14:00"):
        with pytest.raises(typer.BadParameter):
            moment(typed)


def test_a_dash_reads_a_number_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("+1 206 555 0100\n+1 206 555 0101\n"))
    assert [phone_number("-"), phone_number("-")] == ["+12065550100", "+12065550101"]


@pytest.mark.parametrize(
    ("typed", "length"),
    [("90s", timedelta(seconds=90)), ("15m", timedelta(minutes=15)), ("24h", timedelta(hours=24)),
     ("7d", timedelta(days=7)), ("1d12h", timedelta(days=1, hours=12)), ("0s", timedelta())],
)  # fmt: skip
def test_a_span_is_a_number_with_its_unit(typed: str, length: timedelta) -> None:
    assert duration(typed) == length


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "15",
        "15 m",
        "-5m",
        "1.5h",
        "5m1h",
        "1w",
        "9" * 10 + "s",
        "9999999d",
        "999999999d24h",
    ],
)
def test_a_span_that_is_not_clear_is_refused(typed: str) -> None:
    with pytest.raises(typer.BadParameter):
        duration(typed)


@given(st.integers(min_value=0, max_value=10**9).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_span_that_is_shown_can_be_typed(length: timedelta) -> None:
    assert duration(format_duration(length)) == length


def test_a_span_is_shown_in_its_largest_units() -> None:
    assert format_duration(timedelta(minutes=90)) == "1h30m"


@pytest.mark.parametrize(
    ("typed", "expected"), [("hi\n", "hi"), ("hi\r\n", "hi"), ("a\n\n", "a\n")]
)
def test_words_from_standard_input_lose_their_final_line_break_only(
    typed: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed, newline=""))
    assert message_body("-") == expected


def test_more_than_a_text_is_refused_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x" * MAX_TEXT_CHARACTERS + "\n"))
    assert len(message_body("-")) == MAX_TEXT_CHARACTERS
    monkeypatch.setattr("sys.stdin", io.StringIO("x" * (MAX_TEXT_CHARACTERS + 5)))
    with pytest.raises(typer.BadParameter):
        message_body("-")


@pytest.mark.parametrize(
    "typed", ["+12065550100", "206 555 0100", "(206) 555-0100", "206-555-0100", "5550100"]
)
def test_no_number_stays_in_a_message(typed: str) -> None:
    assert "55" not in scrub_phone_numbers(f"Got unexpected extra argument(s) ({typed})")
    assert (
        scrub_phone_numbers("at most 10000 characters, 1 to 20")
        == "at most 10000 characters, 1 to 20"
    )
