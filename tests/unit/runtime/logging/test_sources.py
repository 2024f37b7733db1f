"""Sources log and trace listed fields only, under names that are written in the sources."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.logging.redaction import FIELDS, SPAN_FIELDS, Kind, is_event, is_sentence, is_span_name

REPOSITORY = Path(__file__).resolve().parents[4]
PARTS = ("runtime", "gateway", "conversation-service", "messaging-service", "simulator")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "msg"}
SPANS = {"start_as_current_span", "start_span"}
ATTRIBUTES = {"set_attribute", "set_attributes"}
# These take names and fields from elsewhere: log records, gRPC methods, route templates.
EXEMPT = {"runtime/logging/setup.py", "runtime/tracing/grpc.py", "gateway/routes.py"}
# Each place that logs a sentence. Its author makes sure that it repeats no body, phone number,
# address or token: no check does.
SENTENCES = {
    *(("callback_refused", "detail"), ("carrier_account_refused", "advice")),
    ("clock_skewed", "advice"),
    *(("files_not_reloaded", "problem"), ("account_read_failed", "why")),
    *(("account_read_refused", "why"), ("file_not_fetched", "why"), ("file_refused", "why")),
    *(("text_not_fetched", "why"),),
    *(("records_read_failed", "why"), ("records_refused", "why"), ("send_unknown", "why")),
    *(("text_not_sent", "why"), ("text_refused", "why")),
}


@dataclass(frozen=True)
class Record:
    """One call that logs a line, starts a span or sets attributes of a span."""

    where: str
    # None if it is not a literal, empty where the call has none.
    name: str | None
    fields: tuple[str | None, ...]
    is_span: bool


def sources() -> Iterator[tuple[str, ast.Module]]:
    for part in PARTS:
        folder = REPOSITORY / part / "src"
        for path in sorted(folder.rglob("*.py")):
            yield str(path.relative_to(folder)), ast.parse(path.read_text())


def records_in(name: str, module: ast.Module) -> Iterator[Record]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and (parsed := _parse(node)):
            yield Record(f"{name}:{node.lineno}", *parsed)


def _parse(call: ast.Call) -> tuple[str | None, tuple[str | None, ...], bool] | None:
    """Name, fields and whether it is a span; the logger is `log` or made on the spot."""
    first = call.args[0] if call.args else None
    match call.func:
        case ast.Attribute(ast.Name("log") | ast.Call(ast.Attribute(_, "get_logger")), level) if (
            level in LEVELS
        ):
            return _literal(first), tuple(keyword.arg for keyword in call.keywords), False
        case ast.Attribute(_, name) if name in SPANS:
            given = [word.value for word in call.keywords if word.arg == "attributes"]
            return _literal(first), _keys(given[0]) if given else (), True
        case ast.Attribute(_, "set_attribute"):
            return "", (_literal(first),), True
        case ast.Attribute(_, "set_attributes"):
            return "", _keys(first), True
    return None


def _keys(node: ast.expr | None) -> tuple[str | None, ...]:
    return tuple(map(_literal, node.keys)) if isinstance(node, ast.Dict) else (None,)


def _literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


RECORDS = [
    pytest.param(record, id=record.where)
    for name, module in sources()
    if name not in EXEMPT
    for record in records_in(name, module)
]


def problems_of(record: Record) -> Iterator[str]:
    listed = SPAN_FIELDS if record.is_span else FIELDS
    is_name: Kind = is_span_name if record.is_span else is_event
    if record.name is None:
        yield "its name is not a literal"
    elif record.name and not is_name(record.name):
        yield f"{record.name!r} is not a valid name"
    for field in record.fields:
        if field is None:
            yield "its fields are not literals"
        elif field not in listed:
            yield f"{field} is not listed in runtime/logging/redaction.py"
        elif listed[field] is is_sentence and (record.name, field) not in SENTENCES:
            yield f"{field} of {record.name} is a sentence, and not listed in this test"


@pytest.mark.parametrize("record", RECORDS)
def test_sources_use_listed_fields_and_literal_names(record: Record) -> None:
    assert list(problems_of(record)) == []


def test_lines_and_spans_of_the_sources_are_found() -> None:
    records = [record for param in RECORDS for record in param.values if isinstance(record, Record)]
    assert sum(not record.is_span for record in records) > 50
    assert sum(record.is_span for record in records) > 10
    assert {(record.name, field) for record in records for field in record.fields} >= SENTENCES


@pytest.mark.parametrize(
    "source",
    [
        *("log.info(f'received {body}')", "log.info(event, status=1)", "log.info('received this')"),
        *("log.info('received', body=body)", "log.info('received', **fields)"),
        *("log.info('received', exc_info=True)", "log.info('received', detail=str(error))"),
        "structlog.get_logger().info('received', phone=number)",
        "tracer.start_as_current_span(f'GET {path}')",
        "tracer.start_as_current_span('GET /media/c2VuZC10b2tlbg')",
        "tracer.start_as_current_span('received', attributes={'body': body})",
        "tracer.start_as_current_span('received', attributes=fields)",
        "tracer.start_span('received', attributes={'detail': 'x'})",
        *("span.set_attribute('url', url)", "span.set_attribute(name, url)"),
        *("span.set_attributes({'url': url})", "span.set_attributes({**fields})"),
    ],
)
def test_anything_else_is_reported(source: str) -> None:
    [record] = records_in("probe.py", ast.parse(source))
    assert list(problems_of(record))


def test_nothing_logs_past_structlog() -> None:
    """The standard library's loggers are for libraries, print for errors in settings."""
    for name, module in sources():
        if name == "runtime/logging/setup.py":
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                assert "logging" not in {alias.name for alias in node.names}, name
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print" or name == "runtime/settings/base.py", name
