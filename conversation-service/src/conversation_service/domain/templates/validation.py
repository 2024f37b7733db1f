"""The rules for system messages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from string import Formatter

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords.keywords import Keyword, parse
from conversation_service.domain.templates.catalog import MAX_DURATION, Template, TemplateCatalog

# One segment of the GSM 7-bit alphabet (3GPP TS 23.038); a longer message costs two.
MAX_LENGTH = 160

_ALWAYS = (
    *("operator", "contact"),
    *("start", "join", "end", "help", "stop", "block", "report"),
)

_WITH_CODE = {Template.CODE, Template.STILL_WAITING, Template.OWN_CODE}

_WITH_SPAN = {
    Template.CODE,
    Template.TOO_MANY_TRIES,
    Template.JUST_ENDED,
    Template.IDLE_WARNING,
    Template.LIFETIME_WARNING,
    Template.TOO_MANY_TEXTS,
}

_MUST_SHOW_STOP = {
    # Each may be the first message that a person gets.
    Template.CODE,
    Template.YOU_JOINED,
    Template.OPENED,
    Template.OPTED_IN,
    Template.HELP,
    Template.HELP_TALKING,
    Template.OPT_OUT_HINT,
    Template.ENDED,
    Template.JUST_ENDED,
    Template.CANCELLED,
    Template.CODE_EXPIRED,
    Template.IDLE_EXPIRED,
    Template.LIFETIME_EXPIRED,
    Template.BLOCKED,
}

_WITH_RECEIPT = {Template.ERASED}

_WITH_ABOUT = {Template.OPENED}

_WITH_SAFETY = {Template.HELP_TALKING}

# What a message must hold, and how a violation says it.
_REQUIRED: Mapping[Template, Mapping[str, str]] = {
    Template.CODE: {"code": "show the code"},
    Template.OPENED: {"operator": "name the operator"},
    Template.HELP: {"operator": "name the operator", "contact": "say how to reach the operator"},
    Template.HELP_TALKING: {
        "operator": "name the operator",
        "contact": "say how to reach the operator",
    },
}

# Samples to render with. The code is one with the most digits. The durations are one without
# digits, the longest, two that could be taken for a code ("end 22 days"), and one with the most
# digits.
_A_CODE = "222222"

# The first messages show it in the room of one segment.
MAX_ABOUT_LENGTH = 30

# As much as may be written, and with digits at both ends.
_ABOUTS = ("", "222222" + "A" * 18 + "222222")

# As long as an erasure id.
_A_RECEIPT = "A" * 22

_DURATIONS = (
    timedelta(minutes=1),
    timedelta(minutes=119),
    timedelta(days=2),
    timedelta(days=22),
    MAX_DURATION,
)

# Printable ASCII without the grave accent, which would limit a segment to 70 characters.
_PLAIN = re.compile(r"[ -_a-~]+")

# Each of these counts as two characters of a segment.
_DOUBLE_WIDTH = re.compile(r"[\^{}\\\[\]~|]")

_PHONE_NUMBER = re.compile(r"[0-9](?:[ ().+/-]*[0-9]){6}")

_WEB_ADDRESS = re.compile(r"://|\bwww\.|[a-z0-9]\.[a-z]{2}", re.IGNORECASE)

_STOP = re.compile(r"\bSTOP\b")


def is_plain(text: str) -> bool:
    """Whether a text is printable ASCII that is encoded as GSM 7-bit."""
    return _PLAIN.fullmatch(text) is not None


def shows_phone_number(text: str) -> bool:
    """Whether there are 7 or more digits in a row, with or without separators."""
    return _PHONE_NUMBER.search(text) is not None


def shows_web_address(text: str) -> bool:
    """Whether a phone might show a part of it as a link."""
    return _WEB_ADDRESS.search(text) is not None


def about_violation(about: str, participants: int) -> str:
    """What is wrong with the subject of a conversation; empty if nothing is, or without one."""
    if not about:
        return ""
    if participants < 2:
        return "only for two participants: nobody else is told"
    if not is_plain(about) or about != about.strip() or _length(about) > MAX_ABOUT_LENGTH:
        return (
            f"at most {MAX_ABOUT_LENGTH} characters (^{{}}\\[]~| count twice) of printable ASCII, "
            "without ` and without blanks at its ends"
        )
    return "must not have 7 digits in a row" if shows_phone_number(about) else ""


def template_violations(catalog: TemplateCatalog) -> list[FieldViolation]:
    """The violations of a pool's system messages, rendered with its keywords and operator."""
    problems = ((template, _problem(catalog, template)) for template in catalog.templates)
    return [
        FieldViolation(f"templates.{template}", problem)
        for template, problem in problems
        if problem
    ]


def _problem(catalog: TemplateCatalog, template: Template) -> str:
    """The first rule that a template breaks; empty if none."""
    return _template_problem(template, catalog.templates[template]) or next(
        filter(None, _sample_problems(catalog, template)), ""
    )


def _sample_problems(catalog: TemplateCatalog, template: Template) -> Iterator[str]:
    for body in _samples(catalog, template):
        yield _message_problem(body, catalog)
    # The contact is the one place where a phone number may stand.
    without_contact = replace(catalog, operator=replace(catalog.operator, contact="-"))
    if any(map(shows_phone_number, _samples(without_contact, template))):
        yield "must not show anything like a phone number, not even filled: 7 digits in a row"


def _template_problem(template: Template, text: str) -> str:
    allowed = _allowed_placeholders(template)
    try:
        used = _used_placeholders(text)
    except ValueError:
        return "has braces that are no placeholder; write {{ and }} for braces themselves"
    if not used <= allowed:
        return f"may only use {', '.join(f'{{{name}}}' for name in sorted(allowed))}"
    for name, purpose in _REQUIRED.get(template, {}).items():
        if name not in used:
            return f"must {purpose}: {{{name}}}"
    if template in _MUST_SHOW_STOP and "stop" not in used and not _STOP.search(text):
        return "must say how to stop all texts: {stop}, or STOP in capitals"
    return ""


def _allowed_placeholders(template: Template) -> set[str]:
    code = {"code"} if template in _WITH_CODE else set()
    span = {"span"} if template in _WITH_SPAN else set()
    receipt = {"receipt"} if template in _WITH_RECEIPT else set()
    safety = {"safety"} if template in _WITH_SAFETY else set()
    about = {"about"} if template in _WITH_ABOUT else set()
    return {*_ALWAYS, *code, *span, *receipt, *safety, *about}


def _used_placeholders(text: str) -> set[str]:
    """Raises ValueError for formats, conversions and unbalanced braces."""
    used = set()
    for _, name, format_spec, conversion in Formatter().parse(text):
        if format_spec or conversion:
            raise ValueError("a placeholder is a name only")
        if name is not None:
            used.add(name)
    return used


def _samples(catalog: TemplateCatalog, template: Template) -> Iterator[str]:
    durations = _DURATIONS if template in _WITH_SPAN else _DURATIONS[:1]
    abouts = _ABOUTS if template in _WITH_ABOUT else _ABOUTS[:1]
    for duration, about in product(durations, abouts):
        values = {"code": _A_CODE, "receipt": _A_RECEIPT, "about": about}
        yield catalog.render(template, span=duration, **values)


def _length(text: str) -> int:
    """In characters of a segment."""
    return len(text) + len(_DOUBLE_WIDTH.findall(text))


def _message_problem(body: str, catalog: TemplateCatalog) -> str:
    if not body.strip():
        return "must not be empty"
    if not is_plain(body):
        return "must be printable ASCII without `, and so must the keywords that it shows"
    if _length(body) > MAX_LENGTH:
        return (
            f"must not exceed {MAX_LENGTH} characters (^{{}}\\[]~| count twice) when it is filled: "
            "write a shorter one, or choose shorter words, operator or prefix"
        )
    if parse(body, catalog.keywords).kind not in (Keyword.TALK, Keyword.CODE):
        return "would be taken for a keyword if an auto-responder sent it back"
    return ""
