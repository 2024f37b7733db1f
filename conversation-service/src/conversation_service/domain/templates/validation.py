"""What a system text must and must not be."""

import re
from datetime import timedelta
from string import Formatter

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords.keywords import Keyword, parse
from conversation_service.domain.templates.catalog import MAX_DURATION, Template, TemplateCatalog

# One segment of the GSM 7-bit alphabet (3GPP TS 23.038): a longer text is paid for twice.
MAX_LENGTH = 160

_ALWAYS = ("operator", "start", "join", "end", "help", "stop", "block", "report")

_WITH_CODE = {Template.CODE, Template.STILL_WAITING, Template.OWN_CODE}

_WITH_SPAN = {
    Template.CODE,
    Template.JUST_ENDED,
    Template.IDLE_WARNING,
    Template.LIFETIME_WARNING,
}

_TELLS_HOW_TO_STOP = {
    Template.HELP,
    Template.OPENED,
    Template.ENDED,
    Template.JUST_ENDED,
    Template.CANCELLED,
    Template.CODE_EXPIRED,
    Template.IDLE_EXPIRED,
    Template.LIFETIME_EXPIRED,
    Template.BLOCKED,
}

_WITH_RECEIPT = {Template.ERASED}

# The code with the most digits. Of the spans: one without digits, the longest, two that could be
# taken for a code or a part of one ("end 22 days"), and the one with the most digits.
_A_CODE = "222222"

# As long as the id of an erasure.
_A_RECEIPT = "A" * 22

_SPANS = (
    timedelta(minutes=1),
    timedelta(minutes=119),
    timedelta(days=2),
    timedelta(days=22),
    MAX_DURATION,
)

# Printable ASCII but for the grave accent, with which a segment holds 70 characters only.
_PLAIN = re.compile(r"[ -_a-~]+")

# These take two places each in a segment.
_TWO_PLACES = re.compile(r"[\^{}\\\[\]~|]")

_PHONE_NUMBER = re.compile(r"[0-9](?:[ ().+/-]*[0-9]){6}")

_STOP = re.compile(r"\bSTOP\b")


def is_plain(text: str) -> bool:
    """Whether a text is printable ASCII that every phone shows in its shortest encoding."""
    return _PLAIN.fullmatch(text) is not None


def shows_phone_number(text: str) -> bool:
    """Whether there are 7 or more digits in a row, however they are spaced."""
    return _PHONE_NUMBER.search(text) is not None


def template_violations(speech: TemplateCatalog) -> list[FieldViolation]:
    """What is wrong with a pool's system texts, filled with its own words and operator."""
    problems = ((template, _problem(speech, template)) for template in speech.templates)
    return [FieldViolation(f"texts.{template}", told) for template, told in problems if told]


def _problem(speech: TemplateCatalog, template: Template) -> str:
    text = speech.templates[template]
    return _misses(template, text) or _says_wrong(speech, template)


def _misses(template: Template, text: str) -> str:
    allowed = _placeholders(template)
    try:
        used = _used_placeholders(text)
    except ValueError:
        return "has braces that are no placeholder; write {{ and }} for braces themselves"
    if not used <= allowed:
        return f"may only use {', '.join(f'{{{name}}}' for name in sorted(allowed))}"
    if template is Template.CODE and "code" not in used:
        return "must show the code: {code}"
    if template in _TELLS_HOW_TO_STOP and "stop" not in used and not _STOP.search(text):
        return "must say how to stop all texts: {stop}, or STOP in capitals"
    return ""


def _placeholders(template: Template) -> set[str]:
    code = {"code"} if template in _WITH_CODE else set()
    span = {"span"} if template in _WITH_SPAN else set()
    receipt = {"receipt"} if template in _WITH_RECEIPT else set()
    return {*_ALWAYS, *code, *span, *receipt}


def _used_placeholders(text: str) -> set[str]:
    """Raises ValueError for more than names: formats, conversions, braces left open."""
    used = set()
    for _, name, how, conversion in Formatter().parse(text):
        if how or conversion:
            raise ValueError("only a name may stand in braces")
        if name is not None:
            used.add(name)
    return used


def _says_wrong(speech: TemplateCatalog, template: Template) -> str:
    spans = _SPANS if template in _WITH_SPAN else _SPANS[:1]
    said = (speech.say(template, code=_A_CODE, span=span, receipt=_A_RECEIPT) for span in spans)
    return next((told for text in said if (told := _wrong(text, speech))), "")


def _wrong(text: str, speech: TemplateCatalog) -> str:
    if not text.strip():
        return "must not be empty"
    if not is_plain(text):
        return "must be printable ASCII without `, and so must the words that it shows"
    if len(text) + len(_TWO_PLACES.findall(text)) > MAX_LENGTH:
        return (
            f"must not exceed {MAX_LENGTH} characters (^{{}}\\[]~| count twice) when it is filled: "
            "write a shorter one, or choose shorter words or a shorter operator"
        )
    if shows_phone_number(text):
        return "must not show anything like a phone number, not even filled: 7 digits in a row"
    if parse(text, speech.words).kind is not Keyword.TALK:
        return "would be taken for a command if a machine sent it back"
    return ""
