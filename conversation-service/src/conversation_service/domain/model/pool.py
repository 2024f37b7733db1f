"""A pool: masked numbers run as one, with its settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from conversation_service.domain.keywords.keywords import END, Keywords
from conversation_service.domain.templates.catalog import TemplateCatalog
from conversation_service.domain.templates.languages import catalog_for

POOL_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class NumberPreference(StrEnum):
    """Which number a pair that has talked before is given, if there is a choice."""

    PREFER_STICKY = "PREFER_STICKY"
    AVOID_STICKY = "AVOID_STICKY"


class PausePolicy(StrEnum):
    """What happens to texts while a conversation is paused."""

    HOLD = "HOLD"
    REFUSE = "REFUSE"


class UnknownPolicy(StrEnum):
    """What to do with a text when nothing tells whether the carrier has it."""

    PREFER_DUPLICATE = "PREFER_DUPLICATE"
    PREFER_LOSS = "PREFER_LOSS"


class AttachmentPolicy(StrEnum):
    """Which files that come with texts are passed on."""

    NONE = "NONE"
    PICTURES = "PICTURES"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How the conversations of a pool behave. A span of nothing switches off what it is about."""

    # Who runs this; part of the answer to "help".
    operator: str
    language: str = "en"
    code_lifetime: timedelta = timedelta(minutes=15)
    # An active conversation ends this long after its last text,
    idle_lifetime: timedelta = timedelta(days=7)
    # and at the latest this long after it became active.
    lifetime: timedelta = timedelta(days=90)
    # Both are told this long before either end; nothing: they are not.
    warning_lead: timedelta = timedelta(0)
    # After an ending its number is given to neither of the two with somebody else for this long.
    # The default outlasts the carrier's last resend of a text (4 times, 30 s apart).
    cool_off: timedelta = timedelta(minutes=3)
    reopen_grace: timedelta = timedelta(hours=1)
    # Staff can look up what happened for a while; then it is forgotten.
    kept_after_end: timedelta = timedelta(days=7)
    # A bug that strikes on Friday evening is mended on Monday, and what was sent meanwhile by a
    # client that repeats itself is still recognised.
    receipts_kept: timedelta = timedelta(hours=72)
    # How far a text got; receipts of the carrier may come days late.
    messages_kept: timedelta = timedelta(days=7)
    # As long as staff may ask what became of a text, and a watcher may have been away.
    events_kept: timedelta = timedelta(days=30)
    # Words that nobody has cared for in this time are given up.
    dead_letters_kept: timedelta = timedelta(days=30)
    number_preference: NumberPreference = NumberPreference.PREFER_STICKY
    pause_policy: PausePolicy = PausePolicy.HOLD
    # A text that could not be sent for a day says something its receiver no longer expects.
    text_validity: timedelta = timedelta(hours=24)
    # Whoever trusts a relay would rather ask once more than be told everything twice.
    unknown_policy: UnknownPolicy = UnknownPolicy.PREFER_LOSS
    attachment_policy: AttachmentPolicy = AttachmentPolicy.PICTURES
    # What the campaign may send; 0 is without a limit.
    segments_per_minute: int = 0
    segments_per_day: int = 0
    allows_block: bool = True
    allows_report: bool = True
    # Whether people may have all about them removed by a text.
    allows_erase: bool = False
    # Whether a bare "end" opts out of all texts, as the law's list of words has it.
    end_opts_out: bool = False
    # Other command words than the language's: the name of a field of Words, and words.
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Other system texts than the language's: a name of a Template, and a template.
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def command_words(self) -> Mapping[str, tuple[str, ...]]:
        """Its own words, with "end" moved to where the pool wants it."""
        if not self.end_opts_out:
            return self.words
        return {**self.words, "opt_out": (*self.words.get("opt_out", ()), END)}


class NumberState(StrEnum):
    """Whether a masked number takes new conversations."""

    ACTIVE = "ACTIVE"
    # Keeps its conversations until they end, and begins no new ones.
    DRAINING = "DRAINING"


@dataclass(frozen=True, slots=True)
class MaskedNumber:
    """A number of a pool. A reserved one is given to a conversation only on request."""

    phone_number: str
    state: NumberState = NumberState.ACTIVE
    is_reserved: bool = False

    @property
    def accepts_new(self) -> bool:
        """Whether a conversation may begin on it."""
        return self.state is NumberState.ACTIVE


@dataclass(frozen=True)
class Pool:
    """One organisation's numbers and how conversations on them behave.

    `version` is new with every change and never comes again; empty while the pool does not exist.
    `is_seeded` as long as nobody has changed what the pools file says.
    """

    name: str
    settings: PoolSettings
    numbers: tuple[MaskedNumber, ...] = ()
    version: str = ""
    is_seeded: bool = False

    @cached_property
    def words(self) -> Keywords:
        """What its people text."""
        return self.speech.words

    @cached_property
    def speech(self) -> TemplateCatalog:
        """What it says to its people."""
        settings = self.settings
        return catalog_for(
            settings.language, settings.operator, settings.command_words, settings.texts
        )

    @property
    def masked_numbers(self) -> tuple[str, ...]:
        """Every number, in order."""
        return tuple(number.phone_number for number in self.numbers)

    def number(self, phone_number: str) -> MaskedNumber | None:
        """One of its numbers."""
        return next((one for one in self.numbers if one.phone_number == phone_number), None)


@dataclass(frozen=True, slots=True)
class SeededPool:
    """A pool as the pools file describes it, until somebody changes it."""

    name: str
    settings: PoolSettings
    numbers: tuple[MaskedNumber, ...]
