"""Structured logs: one redacted JSON object per line on standard output.

Of the lines of libraries only the logger and the place in its sources are logged: their messages
may hold personal data.
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
    """Sets up structlog, the standard library's loggers and the hooks for uncaught exceptions."""
    line: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_exception,
        _add_service(service),
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
    sys.excepthook = _log_end
    threading.excepthook = lambda failed: _log_exception("thread_failed", failed.exc_value)
    sys.unraisablehook = lambda failed: _log_exception("exception_ignored", failed.exc_value)


def raised_at(error: BaseException) -> str:
    """The place where an exception was raised, for logs that must not hold its message."""
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
    # Without their messages, lines of libraries below warnings are of no use.
    is_verbose = least <= logging.DEBUG
    logging.basicConfig(
        level=least if is_verbose else max(least, logging.WARNING), handlers=[handler], force=True
    )
    logging.captureWarnings(True)
    # runtime.tracing.redaction logs each outage once; these would log it with every batch.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    # A line that cannot be formatted would be printed with all its arguments.
    logging.raiseExceptions = False


def _library_line(_logger: object, _method: str, line: Line) -> Line:
    record = line["_record"]
    if not isinstance(record, logging.LogRecord):
        raise TypeError("structlog passes the record on")
    fields: Line = {
        "event": "library_logged",
        "logger": record.name,
        "at": _place(record.pathname, record.lineno),
        "_record": record,
        "_from_structlog": False,
    }
    error = record.exc_info[1] if record.exc_info else record.msg
    # Some log the exception itself as the message, such as uvicorn if its address is taken.
    return {**fields, **_type_of(error)} if isinstance(error, BaseException) else fields


def _add_exception(_logger: object, _method: str, line: Line) -> Line:
    given = line.pop("exc_info", None)
    line.pop("stack_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line.update(_type_of(error), at=raised_at(error))
    return line


def _redact(_logger: object, _method: str, line: Line) -> Line:
    return dict(redacted(line.items()))


def _add_service(service: str) -> Processor:
    def add_service(_logger: object, _method: str, line: Line) -> Line:
        line["service"] = service
        return line

    return add_service


def _log_end(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """Logs an exception that ends the process, without its message."""
    if issubclass(kind, KeyboardInterrupt):
        return
    _log_exception("process_failed", error)


def _log_exception(
    event: Literal["process_failed", "thread_failed", "exception_ignored"], error: object
) -> None:
    if isinstance(error, BaseException):
        log.error(event, **_type_of(error), at=raised_at(error))


def _type_of(error: BaseException) -> dict[str, str]:
    """The type of an exception; for errors of the system also the code, such as EADDRINUSE."""
    fields = {"error": type(error).__name__}
    code = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None
    return {**fields, "errno": code} if code else fields


def _place(path: str, line: int) -> str:
    return f"{'/'.join(PurePath(path).parts[-2:])}:{line}"
