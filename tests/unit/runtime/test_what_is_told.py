"""Log lines and spans in the sources tell listed fields only, under names of the sources."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.logging.redaction import FIELDS, SPAN_FIELDS, Kind, is_event, is_sentence, is_span_name

REPOSITORY = Path(__file__).resolve().parents[3]
PARTS = ("runtime", "gateway", "conversation-service", "messaging-service", "simulator")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "msg"}
SPANS = {"span", "inner_span"}
# These hand on what others tell, or names that stand elsewhere: templates and methods.
HANDS_ON = {
    "runtime/logging/setup.py",
    "runtime/tracing/spans.py",
    "runtime/tracing/export.py",
    "runtime/tracing/grpc.py",
    "gateway/app.py",
}
# Each place that tells a sentence. Whoever adds one makes sure that it repeats nothing of a text, a
# number, an address or a token: nothing else does.
SENTENCES = {
    ("callback_refused", "detail"),
    ("carrier_account_refused", "advice"),
    ("files_not_reloaded", "problem"),
    ("account_read_failed", "why"),
    ("account_read_refused", "why"),
    ("file_not_fetched", "why"),
    ("file_refused", "why"),
    ("records_read_failed", "why"),
    ("records_refused", "why"),
    ("send_unknown", "why"),
    ("text_not_sent", "why"),
    ("text_refused", "why"),
}


@dataclass(frozen=True)
class Told:
    """One call that tells something."""

    where: str
    name: str | None
    fields: tuple[str | None, ...]
    is_span: bool


def sources() -> Iterator[tuple[str, ast.Module]]:
    for part in PARTS:
        folder = REPOSITORY / part / "src"
        for path in sorted(folder.rglob("*.py")):
            yield str(path.relative_to(folder)), ast.parse(path.read_text())


def told_in(name: str, module: ast.Module) -> Iterator[Told]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and (kind := _kind(node)):
            first = node.args[0] if node.args else None
            said = first.value if isinstance(first, ast.Constant) else None
            name_told = said if isinstance(said, str) else None
            fields = tuple(one.arg for one in node.keywords if one.arg != "kind")
            where = f"{name}:{node.lineno}"
            yield Told(where, name_told if kind != "tell" else "", fields, kind != "log")


def _kind(call: ast.Call) -> str | None:
    """What of the three it is; the logger is called `log` or made on the spot."""
    match call.func:
        case ast.Attribute(ast.Name("log"), level) if level in LEVELS:
            return "log"
        case ast.Attribute(ast.Call(ast.Attribute(_, "get_logger")), level) if level in LEVELS:
            return "log"
        case ast.Name(name) | ast.Attribute(ast.Name("tracing"), name) if name in SPANS:
            return "span"
        case ast.Attribute(_, "tell") | ast.Name("tell") if call.keywords:
            return "tell"
    return None


TOLD = [
    pytest.param(one, id=one.where)
    for name, module in sources()
    if name not in HANDS_ON
    for one in told_in(name, module)
]


def problems_of(told: Told) -> Iterator[str]:
    listed = SPAN_FIELDS if told.is_span else FIELDS
    fits: Kind = is_span_name if told.is_span else is_event
    if told.name is None:
        yield "its name is not written where it is told"
    elif told.name and not fits(told.name):
        yield f"{told.name!r} is no name"
    for field in told.fields:
        if field is None:
            yield "its fields are not written where it is told"
        elif field not in listed:
            yield f"{field} is not listed in runtime/logging/redaction.py"
        elif listed[field] is is_sentence and (told.name, field) not in SENTENCES:
            yield f"{field} of {told.name} is a sentence, and not listed in this test"


@pytest.mark.parametrize("told", TOLD)
def test_it_is_told_in_listed_fields_under_a_name_of_the_sources(told: Told) -> None:
    assert list(problems_of(told)) == []


def test_lines_and_spans_are_found() -> None:
    """The walk looks at what there is."""
    found = [told for param in TOLD for told in param.values if isinstance(told, Told)]
    assert sum(not told.is_span for told in found) > 50
    assert sum(told.is_span for told in found) > 10
    said = {(told.name, field) for told in found for field in told.fields}
    assert said >= SENTENCES


@pytest.mark.parametrize(
    "source",
    [
        "log.info(f'said {body}')",
        "log.info(event, status=1)",
        "log.info('said', body=body)",
        "log.info('said', **fields)",
        "log.info('said', exc_info=True)",
        "log.info('said this')",
        "log.info('said', detail=str(error))",
        "structlog.get_logger().info('said', phone=number)",
        "span(f'GET {path}')",
        "span('GET /media/c2VuZC10b2tlbg')",
        "span('said', body=body)",
        "span('said', detail='x')",
        "one.tell(url=url)",
    ],
)
def test_what_tells_anything_else_is_found(source: str) -> None:
    [told] = told_in("probe.py", ast.parse(source))
    assert list(problems_of(told))


def test_nobody_logs_past_structlog() -> None:
    """The standard library's loggers are for libraries, and print is for refusals to start."""
    for name, module in sources():
        if name == "runtime/logging/setup.py":
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                assert "logging" not in {one.name for one in node.names}, name
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print" or name == "runtime/settings/base.py", name
