"""Writes docs/settings.md from the settings themselves; `--check` only compares."""

import sys
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from conversation_service.serve.settings import Settings as ConversationSettings
from gateway.settings import Settings as GatewaySettings
from messaging_service.settings import Settings as MessagingSettings
from runtime.settings import ServiceSettings
from simulator.settings import Settings as SimulatorSettings

PAGE = Path(__file__).with_name("settings.md")
PROCESSES: dict[str, type[ServiceSettings]] = {
    "gateway": GatewaySettings,
    "conversation_service": ConversationSettings,
    "messaging_service": MessagingSettings,
    "simulator": SimulatorSettings,
}
HEAD = """# Settings

Each process reads only its own prefix, once, when it starts. Every default serves `make run`. Every
setting `NAME` may be given as `NAME_FILE` instead: the path of a file that holds the value, for
secrets. A setting that cannot be used ends the process with status 78 and a sentence that names it,
never its value.

`make docs` writes this page from the settings themselves.
"""


def main() -> None:
    """Ends with status 1 if the page was to be checked and is not right."""
    page = render()
    if "--check" not in sys.argv:
        PAGE.write_text(page, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page:
        sys.exit("docs/settings.md is not what the settings say; run `make docs`")


def render() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(name, kind) for name, kind in PROCESSES.items())])


def _section(process: str, settings: type[ServiceSettings]) -> str:
    prefix = settings.model_config.get("env_prefix", "")
    fields = settings.model_fields.items()
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
