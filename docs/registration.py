"""Prints what registration forms ask about the pools of a file: `registration.py POOLS_FILE`."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from conversation_service.app.pools_file import PoolsFileError, read_pools
from conversation_service.application.admin.consent_findings import USUAL_NUMBERS
from conversation_service.domain.model.pool import Pool, SeededPool
from conversation_service.domain.templates.catalog import Template
from conversation_service.domain.templates.validation import shows_phone_number

_HEAD = """# Texts for the registration of a pool

What the forms of 10DLC registration and toll-free verification ask for, with the pool's own texts
as people get them. Words in brackets are yours to fill in. [What the forms are
for](compliance.md#10dlc-registration).
"""
_EXAMPLE_CODE = "7K2M9P"
# In the order of a conversation: first those that start one.
_SAMPLES = (Template.CODE, Template.OPENED, Template.YOU_JOINED, Template.HELP, Template.OPTED_OUT)


def main() -> None:
    """Exits with status 1 and a message if the file does not describe pools."""
    if len(sys.argv) != 2:
        sys.exit("usage: registration.py POOLS_FILE")
    try:
        pools = read_pools(Path(sys.argv[1]))
    except PoolsFileError as error:
        sys.exit(str(error))
    print(render_registration(pools), end="")


def render_registration(pools: Iterable[SeededPool], note: str = "") -> str:
    """A page of Markdown with a section for each pool."""
    sections = (
        _section(Pool(pool.name, settings=pool.settings, numbers=pool.numbers)) for pool in pools
    )
    return "\n".join([_HEAD, *([note] if note else []), *sections])


def _section(pool: Pool) -> str:
    rows = [f"| {label} | {_cell(value)} |" for label, value in _fields(pool)]
    return "\n".join([f"## Pool `{pool.name}`", "", "| field | text |", "|---|---|", *rows, ""])


def _fields(pool: Pool) -> Iterator[tuple[str, str]]:
    settings, render = pool.settings, pool.catalog.render
    yield "brand: name that people see", settings.operator_name
    yield "brand: how people reach you", settings.contact
    yield "brand: legal name, tax number, address, website", "[of your organisation]"
    yield "numbers", _numbers(pool)
    yield "use case", "Proxy, if your provider offers it; otherwise [what your provider advises]"
    yield "campaign description", _description(pool)
    yield "opt-in (call to action, message flow)", _opt_in(pool)
    yield "opt-in keywords", _listed(pool.keywords.start, pool.keywords.opt_in)
    yield "opt-in message", _sample(pool, Template.CODE)
    yield "opt-out keywords", _listed(pool.keywords.opt_out)
    yield "opt-out message", render(Template.OPTED_OUT)
    yield "help keywords", _listed(pool.keywords.help)
    yield "help message", render(Template.HELP)
    for number, template in enumerate(_SAMPLES, start=1):
        yield f"sample message {number} (`{template.value}`)", _sample(pool, template)
    yield "sample of a relayed message", "[what two of your people would write to each other]"
    yield "links in messages", "none of the pool's own; people may write some to each other"
    yield "phone numbers in messages", _phone_numbers(pool)
    yield "message frequency", "varies: each message of a person is relayed once"
    yield "terms and conditions", "[https://your site/terms]"
    yield "privacy policy", "[https://your site/privacy]"


def _numbers(pool: Pool) -> str:
    count = len(pool.numbers)
    if count > USUAL_NUMBERS:
        return f"{count}: ask for approval of a number pool (over {USUAL_NUMBERS})"
    return f"{count}: {', '.join(pool.masked_numbers)}"


def _description(pool: Pool) -> str:
    operator = pool.settings.operator_name
    return (
        f"{operator} connects two people who deal with each other [who they are, and why they "
        f"text]. Both text a number of {operator}, which relays each message to the other one, so "
        f"that neither sees the other's phone number. The first message names {operator}, HELP and "
        "STOP. [No advertising is sent.]"
    )


def _opt_in(pool: Pool) -> str:
    start, join = (texts[0].upper() for texts in (pool.keywords.start, pool.keywords.join))
    return (
        f"By text: a person texts {start} to the number, gets a code and passes it on; the other "
        f"person texts {join} and the code to the same number. Opened by us: [where and in which "
        "words people agree to be connected by text, and the address of that page]."
    )


def _phone_numbers(pool: Pool) -> str:
    if shows_phone_number(pool.settings.contact):
        return "yes: our own, in the help message"
    return "none of the pool's own; people may write some to each other"


def _sample(pool: Pool, template: Template) -> str:
    span = pool.settings.lifecycle.join_code_lifetime
    return pool.catalog.render(template, code=_EXAMPLE_CODE, span=span)


def _listed(*keywords: tuple[str, ...]) -> str:
    return ", ".join(text.upper() for texts in keywords for text in texts)


def _cell(value: str) -> str:
    return value.replace("|", r"\|")


if __name__ == "__main__":
    main()
