"""Logs: one JSON object a line on standard output, each through the redaction point.

Libraries' lines too: of these only the logger and the place are told, as their words may repeat
whatever they are about. The place says which words they were.
"""

import errno
import logging
import sys
import threading
from collections.abc import MutableMapping
from pathlib import PurePath
from types import TracebackType
from typing import Literal

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from runtime.logging.redaction import redacted

LogLevel = Literal["debug", "info", "warning", "error"]

Line = MutableMapping[str, object]

log = structlog.get_logger()


def configure_logs(service: str, level: LogLevel = "info") -> None:
    """Sets up structlog, the standard library's loggers and what becomes of stray exceptions."""
    line: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_the_exception,
        _named(service),
        _redact,
        structlog.processors.JSONRenderer(),
    ]
    least = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *line],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    _configure_libraries(line, least)
    sys.excepthook = _tell_of_end
    threading.excepthook = lambda failed: _tell("thread_failed", failed.exc_value)
    sys.unraisablehook = lambda failed: _tell("exception_ignored", failed.exc_value)


def raised_at(error: BaseException) -> str:
    """Where an exception was raised: it may be logged where the exception's text may not."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return _place(trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else "unknown"


def _configure_libraries(line: list[Processor], least: int) -> None:
    formatter = ProcessorFormatter(
        processors=[ProcessorFormatter.remove_processors_meta, *line],
        foreign_pre_chain=[_library_line],
        use_get_message=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    # Without their words, what libraries do all day tells nobody anything.
    talkative = least <= logging.DEBUG
    logging.basicConfig(
        level=least if talkative else max(least, logging.WARNING), handlers=[handler], force=True
    )
    logging.captureWarnings(True)
    # runtime.tracing_export tells once of each outage what these would tell with every batch.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    # A line that cannot be formatted would be printed with all that it is about.
    logging.raiseExceptions = False


def _library_line(_logger: object, _method: str, line: Line) -> Line:
    record = line["_record"]
    if not isinstance(record, logging.LogRecord):
        raise TypeError("structlog hands the record on")
    told: Line = {
        "event": "library_logged",
        "logger": record.name,
        "at": _place(record.pathname, record.lineno),
        "_record": record,
        "_from_structlog": False,
    }
    error = record.exc_info[1] if record.exc_info else record.msg
    # Some say it with the exception itself, as uvicorn when its address is taken.
    return {**told, **_kind_of(error)} if isinstance(error, BaseException) else told


def _name_the_exception(_logger: object, _method: str, line: Line) -> Line:
    given = line.pop("exc_info", None)
    line.pop("stack_info", None)
    found = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(found, BaseException):
        line.update(_kind_of(found), at=raised_at(found))
    return line


def _redact(_logger: object, _method: str, line: Line) -> Line:
    return dict(redacted(line.items()))


def _named(service: str) -> Processor:
    def name_the_service(_logger: object, _method: str, line: Line) -> Line:
        line["service"] = service
        return line

    return name_the_service


def _tell_of_end(
    kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    """The process ends by an exception, whose words may repeat what it was about."""
    if issubclass(kind, KeyboardInterrupt):
        return
    _tell("process_failed", error)


def _tell(
    event: Literal["process_failed", "thread_failed", "exception_ignored"], error: object
) -> None:
    if isinstance(error, BaseException):
        log.error(event, **_kind_of(error), at=raised_at(error))


def _kind_of(error: BaseException) -> dict[str, str]:
    """What kind it is; the system's own errors say a word more, such as EADDRINUSE."""
    told = {"error": type(error).__name__}
    word = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None
    return {**told, "errno": word} if word else told


def _place(path: str, line: int) -> str:
    return f"{'/'.join(PurePath(path).parts[-2:])}:{line}"
