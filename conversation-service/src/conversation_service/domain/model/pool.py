"""A pool of masked numbers and its settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from conversation_service.domain.keywords.keywords import END, Keywords
from conversation_service.domain.templates.catalog import (
    SAFETY_KEYWORDS,
    Operator,
    TemplateCatalog,
)
from conversation_service.domain.templates.languages import catalog_for

POOL_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class NumberPreference(StrEnum):
    """Whether a pair gets the number of its last conversation again."""

    PREFER_STICKY = "PREFER_STICKY"
    AVOID_STICKY = "AVOID_STICKY"


class PausePolicy(StrEnum):
    """What happens to messages while a conversation is paused."""

    HOLD = "HOLD"
    REFUSE = "REFUSE"


class UncertainSendPolicy(StrEnum):
    """What to do with an uncertain send that cannot be resolved."""

    PREFER_DUPLICATE = "PREFER_DUPLICATE"
    PREFER_LOSS = "PREFER_LOSS"


class AttachmentPolicy(StrEnum):
    """Which attachments are relayed."""

    NONE = "NONE"
    PICTURES = "PICTURES"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class LifecycleSettings:
    """When conversations end, and what happens before and after."""

    join_code_lifetime: timedelta = timedelta(minutes=15)
    # An active conversation ends this long after its last message.
    idle_timeout: timedelta = timedelta(days=7)
    # It ends at the latest this long after it became active, or after a client moved its end.
    max_lifetime: timedelta = timedelta(days=90)
    # Both are warned this long before either end.
    expiry_warning_lead: timedelta = timedelta(0)
    # After an end neither of the two gets the number with somebody else for this long.
    # The default outlasts the carrier's last resend of a callback (4 times, 30 s apart).
    cool_off: timedelta = timedelta(minutes=3)
    reopen_window: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long data is kept."""

    # Operators can look up an ended conversation this long; then it is purged.
    conversations: timedelta = timedelta(days=7)
    # Idempotency records outlive a weekend: clients may repeat a request of Friday evening when an
    # outage is over on Monday.
    idempotency_records: timedelta = timedelta(hours=72)
    # States of messages; delivery receipts may arrive days late.
    messages: timedelta = timedelta(days=7)
    # As long as operators may ask about a message, or a watcher may be disconnected.
    events: timedelta = timedelta(days=30)
    # Dead letters that nobody replayed or discarded in this time are removed.
    dead_letters: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CampaignBudget:
    """How many segments the carrier campaign may send; 0 is no limit."""

    segments_per_minute: int = 0
    segments_per_day: int = 0


@dataclass(frozen=True, slots=True)
class SendingSettings:
    """How messages are sent."""

    # A message that could not be sent for a day is outdated for its recipient.
    message_validity: timedelta = timedelta(hours=24)
    # People would rather ask once more than get messages twice.
    uncertain_send_policy: UncertainSendPolicy = UncertainSendPolicy.PREFER_LOSS
    campaign_budget: CampaignBudget = CampaignBudget()


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """What is relayed between two participants, and from which number."""

    pause_policy: PausePolicy = PausePolicy.HOLD
    attachment_policy: AttachmentPolicy = AttachmentPolicy.PICTURES
    number_preference: NumberPreference = NumberPreference.PREFER_STICKY
    # A longer message is refused: while it is sent, everybody else waits, at 5 segments a second
    # two seconds for these.
    max_message_segments: int = 10
    # How many messages of one person are relayed: more than anybody types by hand.
    max_messages_per_minute: int = 30
    max_messages_per_day: int = 500


@dataclass(frozen=True, slots=True)
class ConsentSettings:
    """When clients may bring people into conversations. What people text themselves is apart."""

    # Whether a client must say how it knows that the people agreed.
    consent_reference_required: bool = False
    # How many conversations clients may open for one person.
    max_openings_per_day: int = 3
    # After a person ended a conversation, no client connects the two again for this long.
    reopen_pause: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KeywordSettings:
    """What people may text to control a conversation."""

    # Keywords in place of the language's: the name of a field of Keywords, and its keywords.
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    block_enabled: bool = True
    report_enabled: bool = True
    # Whether people may have their data erased by keyword.
    erase_enabled: bool = False
    # Whether a bare "end" opts out of all messages, as in the law's list of keywords.
    end_opts_out: bool = False

    @property
    def chosen(self) -> Mapping[str, tuple[str, ...]]:
        """`words`, with "end" added to the opt-out keywords if it opts out."""
        if not self.end_opts_out:
            return self.words
        return {**self.words, "opt_out": (*self.words.get("opt_out", ()), END)}

    @property
    def safety_keywords(self) -> tuple[str, ...]:
        """The keywords against abuse that people may use."""
        offered = {"block": self.block_enabled, "report": self.report_enabled}
        return tuple(name for name in SAFETY_KEYWORDS if offered[name])


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How the conversations of a pool behave. A duration of zero switches its feature off."""

    # The name of the operator, and how people reach them; system messages show both.
    operator_name: str
    contact: str
    language: str = "en"
    lifecycle: LifecycleSettings = LifecycleSettings()
    retention: RetentionSettings = RetentionSettings()
    sending: SendingSettings = SendingSettings()
    relay: RelaySettings = RelaySettings()
    keywords: KeywordSettings = KeywordSettings()
    consent: ConsentSettings = ConsentSettings()
    # System messages in place of the language's: the name of a Template, and its text.
    templates: Mapping[str, str] = field(default_factory=dict)
    # Begins every system message and no relayed one; empty for none.
    system_message_prefix: str = ""

    @property
    def operator(self) -> Operator:
        return Operator(self.operator_name, self.contact)


class NumberState(StrEnum):
    """A draining number keeps its conversations until they end, and takes no new ones.

    No pool has a removed number: the state tells what became of it.
    """

    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class MaskedNumber:
    """A number of a pool. A reserved one is used for a conversation only on request."""

    phone_number: str
    state: NumberState = NumberState.ACTIVE
    is_reserved: bool = False

    @property
    def accepts_new(self) -> bool:
        return self.state is NumberState.ACTIVE


@dataclass(frozen=True)
class Pool:
    """One organisation's masked numbers and how conversations on them behave.

    `version` is new with every change and never used again; empty while the pool does not exist.
    `is_seeded` while nobody has changed what the pools file says.
    """

    name: str
    settings: PoolSettings
    numbers: tuple[MaskedNumber, ...] = ()
    version: str = ""
    is_seeded: bool = False

    @cached_property
    def keywords(self) -> Keywords:
        return self.catalog.keywords

    @cached_property
    def catalog(self) -> TemplateCatalog:
        settings = self.settings
        return catalog_for(
            settings.language,
            settings.operator,
            settings.keywords.chosen,
            settings.templates,
            settings.system_message_prefix,
            settings.keywords.safety_keywords,
        )

    @property
    def masked_numbers(self) -> tuple[str, ...]:
        return tuple(number.phone_number for number in self.numbers)

    def number(self, phone_number: str) -> MaskedNumber | None:
        """The masked number, None if it is not one of the pool."""
        matching = (number for number in self.numbers if number.phone_number == phone_number)
        return next(matching, None)


@dataclass(frozen=True, slots=True)
class SeededPool:
    """A pool as the pools file describes it, until somebody changes it."""

    name: str
    settings: PoolSettings
    numbers: tuple[MaskedNumber, ...]
