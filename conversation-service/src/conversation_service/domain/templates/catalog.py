"""What Maskline itself says: templates, and how they are filled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum, auto

from conversation_service.domain.keywords.keywords import Keywords

# The longest that a pool may let anything take; said of whatever takes longer.
MAX_DURATION = timedelta(days=3650)

_MINUTE = timedelta(minutes=1)

_HOUR, _DAY = 60, 1440

# Below two of a unit the smaller one is said: "90 minutes" and not "1 hour".
_FROM_HOURS, _FROM_DAYS = 2 * _HOUR, 2 * _DAY


class Template(StrEnum):
    """Every system text; the value is its name in pools files and RPCs."""

    # To who started: {code}, and in {span} how long it lives.
    CODE = auto()
    # To who texts before anyone has joined: {code}.
    STILL_WAITING = auto()
    # To who started, and to who joined.
    SOMEBODY_JOINED = auto()
    YOU_JOINED = auto()
    # To both when a client opened a conversation for them.
    OPENED = auto()
    # To who starts or joins while talking.
    ALREADY_TALKING = auto()
    # To who joins their own {code}.
    OWN_CODE = auto()
    # To whose code is wrong, used or expired: the same words for all.
    CODE_NOT_VALID = auto()
    # To who wants to end with another conversation's code.
    END_OF_ANOTHER = auto()
    # To both when a conversation is over, and neutral about who ended it.
    ENDED = auto()
    # To who texts on a number just after an ending; in {span} it is free again.
    JUST_ENDED = auto()
    # To who ended before anyone joined, or whose code nobody used in time.
    CANCELLED = auto()
    CODE_EXPIRED = auto()
    # To both when nobody texted for long, or the conversation has lasted as long as it may.
    IDLE_EXPIRED = auto()
    LIFETIME_EXPIRED = auto()
    # To both {span} before that.
    IDLE_WARNING = auto()
    LIFETIME_WARNING = auto()
    # Who runs this, the commands, how to opt out.
    HELP = auto()
    # The one confirmation the rules allow (47 CFR 64.1200(a)(12)).
    OPTED_OUT = auto()
    # The same to who wants to be forgotten; {receipt} names the erasure.
    ERASED = auto()
    OPTED_IN = auto()
    # To whose text has nothing in it, or a picture where none is passed on.
    EMPTY = auto()
    NO_ATTACHMENTS = auto()
    # To whose picture or file is not passed on where others are.
    ATTACHMENT_NOT_PASSED_ON = auto()
    # To whose text has characters that no text can have, or far too many.
    UNSUITABLE = auto()
    # To whose text failed, the same words whatever the cause; and to whose text may have failed.
    NOT_DELIVERED = auto()
    MAYBE_NOT_DELIVERED = auto()
    # To who blocked the other person, or reported them.
    BLOCKED = auto()
    REPORTED = auto()
    # To who texts while the conversation is paused, by the pool's policy.
    PAUSED_HELD = auto()
    PAUSED_REFUSED = auto()
    # To whose held texts were dropped.
    NOT_PASSED_ON = auto()
    # To both when a pause is over, or an ended conversation goes on.
    RESUMED = auto()
    REOPENED = auto()
    # To who starts or joins on a number that begins no new conversations.
    NO_NEW_HERE = auto()
    # To whose same text keeps being exchanged with the same answer, as two machines do.
    LOOP_STOPPED = auto()


class TemplateError(ValueError):
    """What a pool wants to say or understand cannot be used; the message says what and why."""


@dataclass(frozen=True, slots=True)
class DurationFormat:
    """How a language speaks of time."""

    minute: str
    minutes: str
    hours: str
    days: str

    def spoken(self, span: timedelta, *, rounds_up: bool = False) -> str:
        """A span in one unit, at least a minute; hours and days are rounded down unless told."""
        minutes = max(1, round(min(span, MAX_DURATION) / _MINUTE))
        if minutes == 1:
            return self.minute
        if minutes < _FROM_HOURS:
            return f"{minutes} {self.minutes}"
        size, unit = (_HOUR, self.hours) if minutes < _FROM_DAYS else (_DAY, self.days)
        return f"{-(-minutes // size) if rounds_up else minutes // size} {unit}"


@dataclass(frozen=True, slots=True)
class Language:
    """What a pool says and understands when it chooses nothing else."""

    words: Keywords
    spans: DurationFormat
    templates: Mapping[Template, str]


@dataclass(frozen=True, slots=True)
class TemplateCatalog:
    """What a pool says and understands; made by `languages.speech`, which checks it."""

    words: Keywords
    spans: DurationFormat = field(repr=False)
    operator: str
    templates: Mapping[Template, str] = field(repr=False)

    def say(
        self,
        template: Template,
        *,
        code: str = "",
        span: timedelta | None = None,
        receipt: str = "",
    ) -> str:
        """A system text in plain ASCII, at most one segment; with what belongs into it."""
        # A time to be waited for is not said too short, nor a time that is left too long.
        rounds_up = template is Template.JUST_ENDED
        spoken = "" if span is None else self.spans.spoken(span, rounds_up=rounds_up)
        given = {"code": code, "span": spoken, "receipt": receipt, "operator": self.operator}
        return self.templates[template].format_map({**given, **self._commands()})

    def _commands(self) -> dict[str, str]:
        shown = {
            "start": self.words.start,
            "join": self.words.join,
            "end": self.words.end,
            "help": self.words.help,
            "stop": self.words.opt_out,
            "block": self.words.block,
            "report": self.words.report,
        }
        return {name: words[0].upper() for name, words in shown.items()}
