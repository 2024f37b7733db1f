import json
import subprocess
import sys

import pytest

from runtime.logging.setup import raised_at


def test_the_place_of_an_exception_is_known_without_its_message() -> None:
    try:
        json.loads("+14255550111 is no JSON")
    except ValueError as error:
        place = raised_at(error)
    path, _, line = place.rpartition(":")
    assert path.endswith("decoder.py")
    assert line.isdigit()
    assert raised_at(ValueError("never raised")) == "unknown"


def run(script: str, level: str = "info") -> subprocess.CompletedProcess[str]:
    """Runs a process: logging is set up once per process."""
    setup = "import logging, structlog, sys; from runtime.logging.setup import configure_logs; "
    code = f"{setup}configure_logs('probe', '{level}'); log = structlog.get_logger(); {script}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def lines_of(script: str, level: str = "info") -> list[dict[str, object]]:
    """The lines that a script logs to standard output, and nothing else."""
    done = run(script, level)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_has_time_service_level_and_event_and_is_not_below_the_level() -> None:
    script = "log.debug('x'); log.info('x'); log.error('x'); log.warning('y', detail='4255550111')"
    first, line = lines_of(script, "warning")
    assert (first["event"], first["level"]) == ("x", "error")
    assert str(line.pop("timestamp")).endswith("Z")
    expected = {"event": "y", "level": "warning", "service": "probe", "detail": "[number]"}
    assert line == expected


def test_fields_that_are_not_listed_and_events_that_are_no_names_are_dropped() -> None:
    [line] = lines_of("log.info('quillmark x', status=1, quillmark='quillmark', body='quillmark')")
    assert (line["event"], line["status"], line["dropped"]) == ("[dropped]", 1, 2)
    assert "quillmark" not in str(line)


def test_an_exception_is_logged_by_type_and_place() -> None:
    calls = [f"log.error('x', exc_info={given})" for given in ("True", "error", "sys.exc_info()")]
    handler = f"except ValueError as error: {'; '.join(calls)}"
    lines = lines_of(f"\ntry: int('+14255550111 x')\n{handler}")
    assert [(line["error"], line["at"]) for line in lines] == [("ValueError", "<string>:2")] * 3
    assert "555" not in str(lines)


def test_neither_stacks_nor_lines_of_libraries_below_warnings_are_logged() -> None:
    library = "logging.getLogger('httpx').info('GET /api/receipt/attempt/c2VuZA')"
    [line] = lines_of(f"log.error('failed', stack_info=True); {library}")
    assert set(line) == {"event", "level", "timestamp", "service"}


LIBRARY_LINES = [
    "logging.getLogger('httpx').%s('GET /api/receipt/attempt/quillmark %%s', '4255550111')",
    "logging.getLogger('grpc').%s('%%s %%s', 'quillmark')",
    "logging.getLogger('asyncio').%s('quillmark', stack_info=True)",
    "logging.getLogger('redis').%s(ValueError('quillmark'))",
    "logging.getLogger('uvicorn.error').%s('x', extra={'pool': 'm', 'quillmark': 'quillmark'})",
    "import warnings; warnings.warn('quillmark')",
]


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_libraries_are_logged_by_logger_and_place_at_every_level(level: str) -> None:
    calls = (call.replace("%s", level, 1).replace("%%", "%") for call in LIBRARY_LINES)
    lines = lines_of("\n" + "\n".join(calls), level)
    assert len(lines) == {"debug": 6, "info": 1, "warning": 6, "error": 5}[level]
    for line in lines:
        assert line["event"] == "library_logged"
        assert line["logger"]
        assert line["at"]
        assert "dropped" not in line
        assert "quillmark" not in str(line)


def test_an_exception_that_ends_the_process_is_logged_by_type_place_and_code() -> None:
    error = "OSError(errno.EADDRINUSE, 'quillmark')"
    done = run(f"import errno; logging.getLogger('uvicorn').error({error}); raise {error}")
    assert done.returncode == 1
    library, line = [json.loads(line) for line in done.stdout.splitlines()]
    assert (library["error"], library["errno"]) == ("OSError", "EADDRINUSE")
    expected = ("process_failed", "OSError", "<string>:1")
    assert (line["event"], line["error"], line["at"]) == expected
    assert "quillmark" not in done.stdout + done.stderr


def test_exceptions_of_threads_and_finalizers_are_logged_without_their_messages() -> None:
    script = """
import threading
class Leaky:
    def __del__(self): raise ValueError('quillmark')
def fail(): raise KeyError('quillmark')
Leaky()
thread = threading.Thread(target=fail); thread.start(); thread.join()
"""
    done = run(script)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["exception_ignored", "thread_failed"]
    assert "quillmark" not in done.stdout + done.stderr
