"""What docs/compliance.md names exists: commands, settings, templates, keywords, pages."""

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from unit.docs.pages import DOCS, anchors_of, code_spans

from conversation_service.domain.keywords.keywords import Keyword, Keywords, parse
from conversation_service.domain.model.pool import RetentionSettings
from conversation_service.domain.templates.catalog import Template
from conversation_service.rpc.core.permissions import ROLES
from maskline.admin.v1.pool_pb2 import PoolSettings
from maskline.conversation.v1.event_pb2 import EventType
from maskline_cli.app import app
from maskline_cli.connection.options import hoist_global_options
from maskline_cli.values.pool_settings import assign, rows

REPOSITORY = DOCS.parent
PAGE = (DOCS / "compliance.md").read_text()
SPANS = sorted(code_spans(PAGE))
# What stands in capitals in a command, and one that is valid.
PLACEHOLDERS = {
    "PHONE": "+14255550111",
    "NUMBER": "+12065550100",
    "FILE.csv": str(REPOSITORY / "README.md"),
}
POOL_SETTINGS = {path for path, _ in rows(PoolSettings())}


def parse_command(words: list[str]) -> None:
    """Raises if the command line has no such command, option, event type or setting."""
    command = typer.main.get_command(app)
    arguments = [PLACEHOLDERS.get(word, word) for word in hoist_global_options(words)]
    with command.make_context("maskline", arguments) as context:
        while isinstance(command, typer.core.TyperGroup):
            rest = [*context._protected_args, *context.args]
            command = command.commands[rest[0]]
            context = command.make_context(rest[0], rest[1:], parent=context)
    for name in context.params.get("types") or ():
        EventType.Value(f"EVENT_TYPE_{name.replace('.', '_').upper()}")
    assign(PoolSettings(), context.params.get("settings") or ())


def is_setting(span: str) -> bool:
    """Whether a process reads it."""
    return f"| `{span}` |" in (DOCS / "settings.md").read_text()


def is_pool_setting(span: str) -> bool:
    return span in POOL_SETTINGS


def is_template(span: str) -> bool:
    return span in [*Template]


def is_role(span: str) -> bool:
    return span in ROLES


def is_file(span: str) -> bool:
    """Whether it is a path in the repository; of a Python command, its script."""
    path = span.removeprefix(".venv/bin/python ").split()[0]
    return "/" in path and (REPOSITORY / path).is_file()


def is_observed(span: str) -> bool:
    """Whether the services log or count it, or check it."""
    sources = (REPOSITORY / "conversation-service" / "src").rglob("*.py")
    quoted = (f'"{span}"', f'"{span.removesuffix("_total")}"')
    texts = [path.read_text() for path in sources]
    return any(name in text for name in quoted for text in texts)


def is_value(span: str) -> bool:
    return span in ("no", "--json")


KINDS: tuple[Callable[[str], bool], ...] = (
    *(is_setting, is_pool_setting, is_template, is_role, is_file, is_value, is_observed),
)


@pytest.mark.parametrize("span", SPANS)
def test_what_a_code_span_names_exists(span: str) -> None:
    if span.startswith("maskline "):
        parse_command(span.split()[1:])
    else:
        assert any(kind(span) for kind in KINDS)


@pytest.mark.parametrize(
    "span", ["retention.bodies", "MESSAGING_STATE_KEY", "closing", "docs/gone.py", "looked_up"]
)
def test_what_does_not_exist_is_noticed(span: str) -> None:
    assert not any(kind(span) for kind in KINDS)


@pytest.mark.parametrize(
    "command",
    [
        *("people forget PHONE", "people erase", "keys rotate --all"),
        *("events watch --type person.gone", "pools set main retention.bodies=3d"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(command: str) -> None:
    with pytest.raises((typer.TyperException, KeyError, ValueError)):
        parse_command(command.split())


def test_the_words_that_always_opt_out_do() -> None:
    [listed] = re.findall(r"in any reasonable way\. ([A-Z, ]+) and ([A-Z]+) always count", PAGE)
    words = [*listed[0].split(", "), listed[1]]
    kinds = {word: parse(word, Keywords()).kind for word in words}
    assert kinds.pop("END") is Keyword.END
    assert set(kinds.values()) == {Keyword.OPT_OUT}
    assert len(kinds) == 6


def test_the_record_names_every_setting_of_retention() -> None:
    record = PAGE[PAGE.index("## Record of processing") : PAGE.index("## A legal request")]
    names = {f"retention.{setting.name}" for setting in fields(RetentionSettings)}
    assert {*names, "MESSAGING_LEDGER_RETENTION_HOURS"} <= code_spans(record)


def test_every_link_leads_to_a_page_and_a_heading() -> None:
    for name, anchor in re.findall(r"\]\(([\w/.]*)(?:#([^)]+))?\)", PAGE):
        target = Path(DOCS / (name or "compliance.md"))
        assert target.is_file(), name
        if anchor:
            assert anchor in anchors_of(target.read_text()), f"{name}#{anchor}"
