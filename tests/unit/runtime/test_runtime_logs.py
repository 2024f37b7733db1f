"""Logs: one JSON object a line, and no phone number in it."""

import json
import subprocess
import sys

import pytest

from runtime.logs import mask_phone_numbers, raised_at


def masked(value: object, key: str = "detail") -> object:
    return mask_phone_numbers(None, "info", {key: value})[key]


@pytest.mark.parametrize(
    "number",
    [
        "+14255550111",
        "14255550111",
        "4255550111",
        "+1 425 555 0111",
        "+1-425-555-0111",
        "+1.425.555.0111",
        "1 (425) 555-0111",
        "425-555-0111",
        "+4520123456",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "from {} to", "number={},", "<{}>", "'{}'", "({})", "{}."]
)
def test_a_number_is_taken_out_wherever_it_stands(number: str, around: str) -> None:
    assert masked(around.format(number)) == around.format("[number]")


def test_all_numbers_of_a_line_go() -> None:
    assert masked("+14255550111 and +14255550122") == "[number] and [number]"


def test_nothing_dialable_is_left_of_a_number_in_parentheses() -> None:
    assert "555" not in str(masked("(425) 555-0111"))


@pytest.mark.parametrize(
    "harmless",
    [
        "mdr2-0123456789abcdef0123456789abcdef",
        "mdr1-01234567890123456789012345678901",
        "2f1d4b1e-5a4c-11ee-8c99-0242ac120002",
        "12345678-1234-1234-1234-123456789012",
        "01JC3Z9K8QH2V4T6W8Y0A1B2C3",
        "c2VuZC10b2tlbi0xMjM0NTY3ODkw",
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00.980000+00:00",
        "127.0.0.1:50051",
        "conversations.py:123",
        "took 1234567 us",
        "",
    ],
)
def test_ids_times_and_small_figures_stay(harmless: str) -> None:
    assert masked(harmless) == harmless


def test_the_time_of_the_line_stays_whatever_its_form() -> None:
    assert masked("1763899200000", key="timestamp") == "1763899200000"


@pytest.mark.parametrize("value", [14255550111, 1.5, None, True])
def test_only_strings_are_looked_at(value: object) -> None:
    assert masked(value) == value


def test_where_an_exception_was_raised_is_told_without_its_words() -> None:
    try:
        json.loads("+14255550111 is no JSON")
    except ValueError as error:
        told = raised_at(error)
    path, _, line = told.rpartition(":")
    assert path.endswith("decoder.py")
    assert line.isdigit()
    assert raised_at(ValueError("never raised")) == "unknown"


def lines_of(script: str, level: str = "info") -> list[dict[str, object]]:
    """What a process of its own logs: logging is set up once for a whole process."""
    setup = "import logging, structlog; from runtime.logs import configure_logs; "
    code = f"{setup}configure_logs('probe', '{level}'); log = structlog.get_logger(); {script}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_says_when_who_how_bad_and_what() -> None:
    [line] = lines_of("log.warning('callback_refused', status=400, detail='+14255550111')")
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "event": "callback_refused",
        "level": "warning",
        "service": "probe",
        "status": 400,
        "detail": "[number]",
    }


def test_what_is_below_the_level_is_not_logged() -> None:
    script = "log.debug('no'); log.info('no'); log.warning('yes'); log.error('yes')"
    assert [line["event"] for line in lines_of(script, "warning")] == ["yes", "yes"]


def test_an_exceptions_text_is_masked_too() -> None:
    script = "\ntry: int('+14255550111 x')\nexcept ValueError: log.exception('failed')"
    [line] = lines_of(script)
    assert "ValueError" in str(line["exception"])
    assert "555" not in str(line)


def test_libraries_do_not_log_what_they_do() -> None:
    assert lines_of("logging.getLogger('httpx').info('GET /api/receipt/c2VuZA')") == []
