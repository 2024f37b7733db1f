"""Logs: one JSON object a line, through the redaction point, libraries' lines too."""

import json
import subprocess
import sys

import pytest

from runtime.logging.setup import raised_at


def test_where_an_exception_was_raised_is_told_without_its_words() -> None:
    try:
        json.loads("+14255550111 is no JSON")
    except ValueError as error:
        told = raised_at(error)
    path, _, line = told.rpartition(":")
    assert path.endswith("decoder.py")
    assert line.isdigit()
    assert raised_at(ValueError("never raised")) == "unknown"


def ran(script: str, level: str = "info") -> subprocess.CompletedProcess[str]:
    """A process of its own: logging is set up once for a whole process."""
    setup = "import logging, structlog, sys; from runtime.logging.setup import configure_logs; "
    code = f"{setup}configure_logs('probe', '{level}'); log = structlog.get_logger(); {script}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def lines_of(script: str, level: str = "info") -> list[dict[str, object]]:
    """What it logs, all of it where logs belong."""
    done = ran(script, level)
    assert (done.returncode, done.stderr) == (0, "")
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


def test_a_field_that_is_not_listed_is_counted_and_neither_named_nor_shown() -> None:
    [line] = lines_of("log.info('seen', status=1, quillmark='quillmark', body='quillmark')")
    assert line["dropped"] == 2
    assert "quillmark" not in str(line)
    assert line["status"] == 1


def test_an_event_with_words_of_somebody_is_not_shown() -> None:
    assert [line["event"] for line in lines_of("log.info('quillmark said this')")] == ["[dropped]"]


@pytest.mark.parametrize("told", ["exc_info=True", "exc_info=error", "exc_info=sys.exc_info()"])
def test_an_exception_is_told_by_type_and_place(told: str) -> None:
    script = (
        f"\ntry: int('+14255550111 x')\nexcept ValueError as error: log.error('failed', {told})"
    )
    [line] = lines_of(script)
    assert line["error"] == "ValueError"
    assert line["at"] == "<string>:2"
    assert "555" not in str(line)


def test_an_exceptions_stack_is_not_told() -> None:
    [line] = lines_of("log.error('failed', stack_info=True)")
    assert set(line) == {"event", "level", "timestamp", "service"}


def test_libraries_do_not_log_what_they_do() -> None:
    assert lines_of("logging.getLogger('httpx').info('GET /api/receipt/c2VuZA')") == []


LIBRARY_LINES = [
    "logging.getLogger('httpx').%s('GET /api/receipt/quillmark %%s', '4255550111')",
    "logging.getLogger('grpc').%s('%%s %%s', 'quillmark')",
    "logging.getLogger('asyncio').%s('quillmark', stack_info=True)",
    "logging.getLogger('redis').%s(ValueError('quillmark'))",
    "logging.getLogger('uvicorn.error').%s('x', extra={'pool': 'm', 'quillmark': 'quillmark'})",
    "import warnings; warnings.warn('quillmark')",
]


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_libraries_are_told_of_by_logger_and_place_at_every_level(level: str) -> None:
    calls = (call.replace("%s", level, 1).replace("%%", "%") for call in LIBRARY_LINES)
    lines = lines_of("\n" + "\n".join(calls), level)
    assert len(lines) == {"debug": 6, "info": 1, "warning": 6, "error": 5}[level]
    for line in lines:
        assert line["event"] == "library_logged"
        assert line["logger"]
        assert line["at"]
        assert "dropped" not in line
        assert "quillmark" not in str(line)


def test_a_librarys_exception_is_told_by_type_and_of_the_systems_own_by_name() -> None:
    script = (
        "import errno; logging.getLogger('uvicorn').error(OSError(errno.EADDRINUSE, 'quillmark'))"
    )
    [line] = lines_of(script)
    assert (line["error"], line["errno"]) == ("OSError", "EADDRINUSE")


def test_a_process_that_ends_by_an_exception_tells_type_and_place() -> None:
    done = ran("raise ValueError('quillmark')")
    assert done.returncode == 1
    [line] = [json.loads(line) for line in done.stdout.splitlines()]
    assert (line["event"], line["error"], line["at"]) == (
        "process_failed",
        "ValueError",
        "<string>:1",
    )
    assert "quillmark" not in done.stdout + done.stderr


def test_threads_and_finalizers_tell_no_more() -> None:
    script = """
import threading
class Loud:
    def __del__(self): raise ValueError('quillmark')
def fail(): raise KeyError('quillmark')
Loud()
thread = threading.Thread(target=fail); thread.start(); thread.join()
"""
    done = ran(script)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["exception_ignored", "thread_failed"]
    assert "quillmark" not in done.stdout + done.stderr
