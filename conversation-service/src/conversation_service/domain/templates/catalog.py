"""Templates of system messages, and how they are rendered."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum, auto

from conversation_service.domain.keywords.keywords import Keywords
from conversation_service.domain.keywords.normalization import folded

# The longest duration of any setting; a longer one is shown as this.
MAX_DURATION = timedelta(days=3650)

# The keywords against abuse, of which a pool may offer any.
SAFETY_KEYWORDS = ("block", "report")

_MINUTE = timedelta(minutes=1)

_HOUR, _DAY = 60, 1440

# Below two of a unit the smaller one is shown: "90 minutes" and not "1 hour".
_FROM_HOURS, _FROM_DAYS = 2 * _HOUR, 2 * _DAY


# Stands for a value that differs from message to message.
_CHANGING = "\0"

# Nobody begins their own message with so many characters of a system message by chance.
_TELLING_LENGTH = 12


# In front of a participant's message that begins like a system message; phones show it as a quote.
_QUOTE = ">"


class Template(StrEnum):
    """Every system message; the value is its name in pools files and RPCs."""

    # To the person who started: {code}, valid for {span}.
    CODE = auto()
    # To a person who texts before anyone has joined: {code}.
    STILL_WAITING = auto()
    # To the person who started, and to the one who joined.
    SOMEBODY_JOINED = auto()
    YOU_JOINED = auto()
    # To both when a client opened a conversation for them.
    OPENED = auto()
    # To a person who starts or joins while in a conversation.
    ALREADY_TALKING = auto()
    # To a person who joins with their own {code}.
    OWN_CODE = auto()
    # For a wrong, used or expired code: the same text for all.
    CODE_NOT_VALID = auto()
    # To a person with too many of them, once: in {span} codes are looked at again.
    TOO_MANY_TRIES = auto()
    # To a person who ends with the code of another conversation.
    END_OF_ANOTHER = auto()
    # To both at the end of a conversation; neutral about who ended it.
    ENDED = auto()
    # To a person who texts just after an end; in {span} the number is free again.
    JUST_ENDED = auto()
    # To a person who ended before anyone joined, or whose code has expired.
    CANCELLED = auto()
    CODE_EXPIRED = auto()
    # To both at the end of the idle lifetime, or of the whole lifetime.
    IDLE_EXPIRED = auto()
    LIFETIME_EXPIRED = auto()
    # To both {span} before that.
    IDLE_WARNING = auto()
    LIFETIME_WARNING = auto()
    # Who runs the pool, the keywords, how to opt out; and to a person in a conversation.
    HELP = auto()
    HELP_TALKING = auto()
    # The one confirmation that the rules allow (47 CFR 64.1200(a)(12)).
    OPTED_OUT = auto()
    # To a person whose message to the other one reads like an opt-out; the message is relayed.
    OPT_OUT_HINT = auto()
    # The same for an erasure; {receipt} is its id.
    ERASED = auto()
    OPTED_IN = auto()
    # To a person who opts in while the carrier blocks other numbers of the pool for them.
    NUMBERS_STOPPED = auto()
    # For an empty message, or a picture where none is relayed.
    EMPTY = auto()
    NO_ATTACHMENTS = auto()
    # For a file that is not relayed where others are.
    ATTACHMENT_NOT_PASSED_ON = auto()
    # For a message with characters that cannot be sent, or far too many.
    UNSUITABLE = auto()
    # For a message with more segments than the pool relays, and for a sender of too many messages:
    # they are relayed again in {span}.
    TOO_LONG = auto()
    TOO_MANY_TEXTS = auto()
    # For a message that failed, without the cause; and for one that may have failed.
    NOT_DELIVERED = auto()
    MAYBE_NOT_DELIVERED = auto()
    # To a person who blocked or reported the other one.
    BLOCKED = auto()
    REPORTED = auto()
    # To a person who texts during a pause, by the pool's policy.
    PAUSED_HELD = auto()
    PAUSED_REFUSED = auto()
    # To a person whose held messages were dropped.
    NOT_PASSED_ON = auto()
    # To both at the end of a pause, or when an ended conversation is reopened.
    RESUMED = auto()
    REOPENED = auto()
    # To a person who starts on a number that takes no new conversations.
    NO_NEW_HERE = auto()
    # To a person whose message is part of a loop of two auto-responders.
    LOOP_STOPPED = auto()


# Those whom the rules oblige us to answer, also when the campaign's budget for other messages is
# used up: opt-outs, help, endings.
USING_RESERVE = {
    *(Template.OPTED_OUT, Template.OPT_OUT_HINT, Template.ERASED),
    *(Template.HELP, Template.HELP_TALKING),
    *(Template.ENDED, Template.CANCELLED, Template.BLOCKED),
    *(Template.CODE_EXPIRED, Template.IDLE_EXPIRED, Template.LIFETIME_EXPIRED),
}

# The first message to a person in a pool is one of these: they say who texts, how to get help and
# how to opt out.
INTRODUCTIONS = (Template.CODE, Template.YOU_JOINED, Template.OPENED)

_WAITING_TIMES = (Template.JUST_ENDED, Template.TOO_MANY_TEXTS, Template.TOO_MANY_TRIES)


class TemplateError(ValueError):
    """A pool's keywords or templates break a rule; the message names the field and the rule."""


@dataclass(frozen=True, slots=True)
class DurationFormat:
    """How a language writes durations."""

    minute: str
    minutes: str
    hours: str
    days: str

    def format(self, duration: timedelta, *, is_rounded_up: bool = False) -> str:
        """A duration in one unit, at least a minute; hours and days are rounded down by default."""
        minutes = max(1, round(min(duration, MAX_DURATION) / _MINUTE))
        if minutes == 1:
            return self.minute
        if minutes < _FROM_HOURS:
            return f"{minutes} {self.minutes}"
        size, unit = (_HOUR, self.hours) if minutes < _FROM_DAYS else (_DAY, self.days)
        return f"{-(-minutes // size) if is_rounded_up else minutes // size} {unit}"


@dataclass(frozen=True, slots=True)
class SafetyFormat:
    """How a language names the keywords against abuse: "BLOCK or REPORT abuse. "."""

    between: str
    after: str

    def format(self, keywords: Sequence[str]) -> str:
        """Empty without keywords."""
        return f"{self.between.join(keywords)}{self.after}" if keywords else ""


@dataclass(frozen=True, slots=True)
class AboutFormat:
    """How a language says what a conversation is about, and what it says in that place if nobody
    knows: the two share a segment's room."""

    before: str
    without: str

    def format(self, about: str) -> str:
        return f"{self.before}{about}" if about else self.without


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs a pool, and how people reach them."""

    name: str
    contact: str


@dataclass(frozen=True, slots=True)
class Language:
    """The keywords and system messages of a pool that chooses no others."""

    keywords: Keywords
    durations: DurationFormat
    safety: SafetyFormat
    about: AboutFormat
    templates: Mapping[Template, str]


@dataclass(frozen=True, slots=True)
class TemplateCatalog:
    """A pool's keywords and system messages; made and checked by `languages.catalog_for`."""

    keywords: Keywords
    durations: DurationFormat = field(repr=False)
    safety: SafetyFormat = field(repr=False)
    about: AboutFormat = field(repr=False)
    operator: Operator
    templates: Mapping[Template, str] = field(repr=False)
    # Of "block" and "report" what the pool offers.
    safety_keywords: tuple[str, ...] = SAFETY_KEYWORDS
    # Begins every message; empty for none.
    prefix: str = ""

    def render(
        self,
        template: Template,
        *,
        code: str = "",
        span: timedelta | None = None,
        receipt: str = "",
        about: str = "",
    ) -> str:
        """A system message in printable ASCII, at most one segment, with its values filled in."""
        # Round a waiting time up, and a time that is left down.
        is_rounded_up = template in _WAITING_TIMES
        duration = "" if span is None else self.durations.format(span, is_rounded_up=is_rounded_up)
        changing = {"code": code, "span": duration, "receipt": receipt}
        values = {**changing, "about": self.about.format(about), **self._pool_values()}
        return self.marked(self.templates[template].format_map(values))

    def sentence(self, template: Template) -> str:
        """A message without values of its own, which follows another: without the prefix."""
        return self.templates[template].format_map(self._pool_values())

    def marked(self, body: str) -> str:
        """A message of the pool itself, with the prefix in front."""
        return " ".join(filter(None, (self.prefix, body)))

    def unmarked(self, body: str) -> str:
        """A participant's message, quoted if it could be taken for a marked one."""
        if not self.prefix:
            return body
        prefix, words = folded(self.prefix), folded(body)
        begins_so = words.startswith(prefix) and not words[len(prefix) :][:1].isalnum()
        return f"{_QUOTE} {body}".rstrip() if begins_so else body

    def is_system_message(self, text: str) -> bool:
        """Whether it is one of these messages with any values: whole, or cut off as phones do."""
        plain = " ".join(text.replace("\u2019", "'").split())
        # These follow the reply to a keyword whose message had a file.
        notices = (Template.ATTACHMENT_NOT_PASSED_ON, Template.NO_ATTACHMENTS)
        replies = {plain.removesuffix(f" {self.sentence(notice)}") for notice in notices}
        return any(map(self._is_one_message, {plain, *replies}))

    def _is_one_message(self, text: str) -> bool:
        whole = text.removesuffix("\u2026").removesuffix("...").rstrip()
        return any(_is_made_of(text, whole, self._constants(template)) for template in Template)

    def _constants(self, template: Template) -> list[str]:
        """What a message says before, between and after its changing values."""
        changing = dict.fromkeys(("code", "span", "receipt", "about"), _CHANGING)
        values = {**changing, **self._pool_values()}
        return self.marked(self.templates[template].format_map(values)).split(_CHANGING)

    def _pool_values(self) -> dict[str, str]:
        """The values that are the same in every message of the pool."""
        words = self._keyword_values()
        safety = self.safety.format([words[keyword] for keyword in self.safety_keywords])
        operator, contact = self.operator.name, self.operator.contact
        return {"operator": operator, "contact": contact, "safety": safety, **words}

    def _keyword_values(self) -> dict[str, str]:
        keywords = {
            "start": self.keywords.start,
            "join": self.keywords.join,
            "end": self.keywords.end,
            "help": self.keywords.help,
            "stop": self.keywords.opt_out,
            "block": self.keywords.block,
            "report": self.keywords.report,
        }
        return {name: texts[0].upper() for name, texts in keywords.items()}


def _is_made_of(text: str, beginning: str, constants: list[str]) -> bool:
    if re.fullmatch(".{1,40}".join(map(re.escape, constants)), text):
        return True
    length = min(len(beginning), len(constants[0]))
    is_cut = beginning != text and length >= _TELLING_LENGTH
    return is_cut and beginning[:length] == constants[0][:length]
