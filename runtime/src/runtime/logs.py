"""Logs: one JSON object a line on standard output, without phone numbers."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Literal

import structlog

LogLevel = Literal["debug", "info", "warning", "error"]

# Code never logs a number; this is the net below. Any longer run of digits that could be dialled
# goes, unless letters or a hyphen make it part of an id.
_PHONE_LIKE = re.compile(r"(?<![\w.-])\+?\d[\d ().-]{8,16}\d(?![\w-])")


def configure_logs(service: str, level: LogLevel = "info") -> None:
    """Sets up structlog and the standard library's loggers for one process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_phone_numbers,
            _named(service),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    # Libraries log URLs and peers at info; only what needs a person passes.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)


def mask_phone_numbers(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Takes anything that looks like a phone number out of a log line."""
    for key, value in event.items():
        if isinstance(value, str) and key != "timestamp":
            event[key] = _PHONE_LIKE.sub("[number]", value)
    return event


def raised_at(error: Exception) -> str:
    """Where an exception was raised: it may be logged where the exception's text may not."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"


def _named(service: str) -> structlog.typing.Processor:
    def name_the_service(
        _logger: object, _method: str, event: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        event["service"] = service
        return event

    return name_the_service
