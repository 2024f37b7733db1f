"""Writes the pages of docs/ that follow from the code; `--check` only compares them."""

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import StrEnum
from inspect import get_annotations
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api_reference.contract import read_packages
from api_reference.pages import render_reference
from conversation_service.app.pools_file import read_pools
from conversation_service.app.settings import Settings as ConversationSettings
from conversation_service.domain.keywords.keywords import Keywords
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.templates.catalog import Template
from conversation_service.domain.templates.english import ENGLISH
from conversation_service.domain.templates.spanish import SPANISH
from gateway.settings import Settings as GatewaySettings
from maskline_cli.values.parsers import format_duration
from messaging_service.config.settings import Settings as MessagingSettings
from registration import render_registration
from runtime.settings.base import ServiceSettings
from simulator.settings import Settings as SimulatorSettings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

HERE = Path(__file__).parent
PROTOS = HERE.parent / "protos"
POOLS_FILE = HERE.parent / "deploy" / "pools.toml"
# Called by Maskline's own services only: no other program needs their reference.
INTERNAL = ("maskline.ingest.v1", "maskline.messaging.v1")
LANGUAGES = {"en": ENGLISH, "es": SPANISH}
PROCESSES: dict[str, type[ServiceSettings]] = {
    "gateway": GatewaySettings,
    "conversation_service": ConversationSettings,
    "messaging_service": MessagingSettings,
    "simulator": SimulatorSettings,
}
SETTINGS_HEAD = """# Settings

Each process reads its settings from environment variables with its own prefix, once, when it
starts. The defaults are those of `make run`. Instead of `NAME`, `NAME_FILE` may be set to the path
of a file with the value, for secrets. An invalid setting ends the process with status 78 and a
message that contains its name but not its value.

`make docs` generates this page from the code.
"""
POOLS_HEAD = """# Pools

A pool is a set of masked numbers with common settings: one organisation's texts, limits and
carrier campaign. [deploy/pools.toml](../deploy/pools.toml) lists every setting with its default.

The service seeds its pools from such a file at each start (`CONVERSATION_POOLS_FILE`): it creates
missing pools, updates the settings and drains numbers that the file no longer lists. Once a pool
has been changed with `maskline pools set`, `maskline numbers ...` or the gRPC API, the file no
longer affects it.

A number is *drained* before it is removed: its conversations continue until they end, and it gets
no new ones; `maskline numbers activate` takes it back. A *reserved* number is used only for
conversations that ask for it. `maskline pools compare` compares a pool with the numbers of the
carrier account. `maskline pools capacity` reports how many numbers the load requires: one for each
live conversation of the same person.

A setting has one name in the file, in the command and in the API: `idle_timeout` in the table
`[pools.main.lifecycle]`, `maskline pools set main lifecycle.idle_timeout=3d`, and
`settings.lifecycle.idle_timeout` in the mask of `UpdatePool`. What each means, and its limits, is
said in the file and in the [API reference](api.md). [How long data is
kept](privacy.md#how-long-data-is-kept) explains `retention`.

`make docs` generates this page from the code.
"""
SETTINGS_TABLE_HEAD = """## Settings

| setting | default |
|---|---|
"""
KEYWORDS_HEAD = """## Keywords

A keyword is a whole message, in any case. System texts contain the first word of each row. A pool
may set its own words (`keywords.words`); words for `opt_out` are added to the ones below, which the
law requires.
"""
TEXTS_HEAD = """## System texts

A pool may replace any of these (`templates`). A text is printable ASCII and at most 160 characters
in its longest form. It must not contain anything like a phone number, nor be a keyword itself.
Every text may use `{operator}`, `{contact}` and the keywords `{start}`, `{join}`, `{end}`,
`{help}`, `{stop}`, `{block}` and `{report}`; `{code}`, `{span}`, `{receipt}`, `{safety}` and
`{about}` only where they are used below. `{safety}` names the keywords against abuse that the pool
offers, such as "BLOCK or REPORT abuse. ", or is empty. `{about}` says what the conversation is
about (": order 4711"), or, if the client does not say, that neither sees the other's number. An
`opened` without it does not show what a conversation is about. `{contact}` is the one place where a
phone number may stand.

`code`, `you_joined`, `opened`, `opted_in`, `opt_out_hint`, the help texts and every text that ends
something must say how to opt out. `opened` and the help texts must hold `{operator}`, and the help
texts `{contact}`.
"""

REGISTRATION_NOTE = """This page shows the pool of
[deploy/pools.toml](../deploy/pools.toml). For the pools of your own file:

```
.venv/bin/python docs/registration.py my-pools.toml
```

If a pool was changed in the running service since, make the file say what `maskline pools show`
shows.

`make docs` generates this page from the code.
"""


def main() -> None:
    """Exits with status 1 if `--check` is given and a page is out of date."""
    pages = {
        "settings.md": render_settings(),
        "pools.md": render_pools(),
        "registration.md": render_registration(read_pools(POOLS_FILE), REGISTRATION_NOTE),
        **render_api(),
    }
    unwritten = {path.relative_to(HERE).as_posix() for path in HERE.glob("api/*")} - set(pages)
    if "--check" in sys.argv:
        differing = [name for name, page in pages.items() if _written(name) != page]
        if out_of_date := sorted((*differing, *unwritten)):
            sys.exit(f"out of date in docs/: {', '.join(out_of_date)}; run `make docs`")
        return
    for name in unwritten:
        (HERE / name).unlink()
    for name, page in pages.items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_text(page, encoding="utf-8")


def render_api() -> dict[str, str]:
    """The reference of the public packages."""
    packages = read_packages(PROTOS, "maskline", PROTOS / "third_party")
    public = [package for package in packages if package.name not in INTERNAL]
    return {f"api/{name}": page for name, page in render_reference(public).items()}


def render_settings() -> str:
    """The settings of all processes."""
    sections = (_section(name, kind) for name, kind in PROCESSES.items())
    return "\n".join([SETTINGS_HEAD, *sections])


def render_pools() -> str:
    """What a pool is, its keywords and its system texts."""
    tables = map(_system_texts, LANGUAGES)
    settings = "".join(_pool_settings(PoolSettings(operator_name="", contact="")))
    head = f"{SETTINGS_TABLE_HEAD}{settings}"
    return "\n".join([POOLS_HEAD, head, KEYWORDS_HEAD, _keywords(), TEXTS_HEAD, *tables, ""])


def _pool_settings(group: "DataclassInstance", place: str = "") -> Iterator[str]:
    for field in fields(group):
        path, default = f"{place}{field.name}", getattr(group, field.name)
        if is_dataclass(default) and not isinstance(default, type):
            yield from _pool_settings(default, f"{path}.")
        else:
            yield f"| `{path}` | {_pool_default(default)} |\n"


def _pool_default(value: object) -> str:
    match value:
        case timedelta():
            return f"`{format_duration(value)}`"
        case bool():
            return "`yes`" if value else "`no`"
        case StrEnum() | int():
            return f"`{value}`"
        case str():
            return f"`{value}`" if value else ""
    return ""


def _written(name: str) -> str | None:
    path = HERE / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def _keywords() -> str:
    head = [f"| | {' | '.join(LANGUAGES)} |", f"|---|{'---|' * len(LANGUAGES)}"]
    rows = [f"| `{field.name}` | {' | '.join(_words(field.name))} |" for field in fields(Keywords)]
    return "\n".join([*head, *rows, ""])


def _words(keyword: str) -> list[str]:
    return [", ".join(getattr(language.keywords, keyword)) for language in LANGUAGES.values()]


def _system_texts(language: str) -> str:
    head = [f"### `{language}`", "", "| template | text |", "|---|---|"]
    texts = LANGUAGES[language].templates
    rows = [f"| `{template.value}` | {texts[template]} |" for template in Template]
    return "\n".join([*head, *rows, ""])


def _section(process: str, settings: type[ServiceSettings]) -> str:
    prefix = settings.model_config.get("env_prefix", "")
    # A service's own settings first, then the shared ones.
    own = get_annotations(settings)
    names = [*own, *settings.model_fields]
    in_order = sorted(settings.model_fields.items(), key=lambda item: names.index(item[0]))
    rows = [_row(f"{prefix}{name}".upper(), field) for name, field in in_order]
    head = ["| setting | default | meaning |", "|---|---|---|"]
    return "\n".join([f"## `{process}`", "", *head, *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | `{_default(field.default)}` | {field.description} |"


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    main()
