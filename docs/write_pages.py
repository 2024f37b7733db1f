"""Writes docs/settings.md and docs/pools.md from the code itself; `--check` only compares."""

import sys
from dataclasses import fields
from inspect import get_annotations
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from conversation_service.app.settings import Settings as ConversationSettings
from conversation_service.domain.keywords.keywords import Keywords
from conversation_service.domain.templates.catalog import Template
from conversation_service.domain.templates.english import ENGLISH
from conversation_service.domain.templates.spanish import SPANISH
from gateway.settings import Settings as GatewaySettings
from messaging_service.config.settings import Settings as MessagingSettings
from runtime.settings.base import ServiceSettings
from simulator.settings import Settings as SimulatorSettings

HERE = Path(__file__).parent
SPOKEN = {"en": ENGLISH, "es": SPANISH}
PROCESSES: dict[str, type[ServiceSettings]] = {
    "gateway": GatewaySettings,
    "conversation_service": ConversationSettings,
    "messaging_service": MessagingSettings,
    "simulator": SimulatorSettings,
}
SETTINGS_HEAD = """# Settings

Each process reads only its own prefix, once, when it starts. Every default serves `make run`. Every
setting `NAME` may be given as `NAME_FILE` instead: the path of a file that holds the value, for
secrets. A setting that cannot be used ends the process with status 78 and a sentence that names it,
never its value.

`make docs` writes this page from the settings themselves.
"""


POOLS_HEAD = """# Pools

A pool is a set of masked numbers run as one: an organisation's texts, settings and carrier
campaign. [deploy/pools.toml](../deploy/pools.toml) lists every setting with its default; a
deployment reads such a file when it starts (`CONVERSATION_POOLS_FILE`). It seeds the pools: as
long as nobody changes a pool in the running service, the pool follows the file at each start, and
numbers that the file does not list any more are drained. Once `maskline pools set`, `maskline
numbers ...` or the gRPC API have changed it, the file leaves it alone.

A number is *drained* before it is removed: it keeps its conversations until they end and begins no
new ones. A *reserved* number is given to a conversation only when it is asked for. `maskline pools
sync` compares with what the carrier account owns, `maskline pools advice` tells how many numbers
the load needs: each live conversation of one person needs a number of its own.

How long what is kept is a pool's choice too (`kept_after_end`, `receipts_kept`, `messages_kept`,
`events_kept`, `dead_letters_kept`): [security](security.md#how-long-what-is-kept).

`make docs` writes this page from the code itself.
"""
WORDS_HEAD = """## Command words

Whole messages, in any case; the first word is the one that Maskline shows. A pool may choose
others, except that words of `opt_out` are added to the law's, which stay.
"""
TEXTS_HEAD = """## System texts

A pool may say any of these in its own words: printable ASCII, at most 160 characters in the
longest form, nothing that looks like a phone number, nothing that would be taken for a command if
it came back. All may use `{operator}` and the command words `{start}`, `{join}`, `{end}`,
`{help}`, `{stop}`, `{block}` and `{report}`; `{code}`, `{span}` and `{receipt}` only where they
stand below. Every text that ends something, and `help` and `opened`, must say how to stop all
texts.
"""


def main() -> None:
    """Ends with status 1 if the pages were to be checked and one is not right."""
    for name, page in {"settings.md": render_settings(), "pools.md": render_pools()}.items():
        path = HERE / name
        if "--check" not in sys.argv:
            path.write_text(page, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != page:
            sys.exit(f"docs/{name} is not what the code says; run `make docs`")


def render_settings() -> str:
    """Every setting of every process."""
    sections = (_section(name, kind) for name, kind in PROCESSES.items())
    return "\n".join([SETTINGS_HEAD, *sections])


def render_pools() -> str:
    """What pools are, understand and say."""
    return "\n".join([POOLS_HEAD, WORDS_HEAD, _words(), TEXTS_HEAD, *map(_texts, SPOKEN), ""])


def _words() -> str:
    head = [f"| | {' | '.join(SPOKEN)} |", f"|---|{'---|' * len(SPOKEN)}"]
    rows = [f"| `{one.name}` | {' | '.join(_meant(one.name))} |" for one in fields(Keywords)]
    return "\n".join([*head, *rows, ""])


def _meant(field: str) -> list[str]:
    return [", ".join(getattr(spoken.keywords, field)) for spoken in SPOKEN.values()]


def _texts(language: str) -> str:
    head = [f"### `{language}`", "", "| template | text |", "|---|---|"]
    texts = SPOKEN[language].templates
    return "\n".join([*head, *(f"| `{one.value}` | {texts[one]} |" for one in Template), ""])


def _section(process: str, settings: type[ServiceSettings]) -> str:
    prefix = settings.model_config.get("env_prefix", "")
    # What a service has for itself comes first, then what it shares with others.
    own = get_annotations(settings)
    names = [*own, *settings.model_fields]
    fields = sorted(settings.model_fields.items(), key=lambda field: names.index(field[0]))
    rows = [_row(f"{prefix}{name}".upper(), field) for name, field in fields]
    head = ["| setting | default | meaning |", "|---|---|---|"]
    return "\n".join([f"## `{process}`", "", *head, *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | `{_shown(field.default)}` | {field.description} |"


def _shown(default: object) -> str:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return ",".join(default) if isinstance(default, tuple) else str(default)


if __name__ == "__main__":
    main()
