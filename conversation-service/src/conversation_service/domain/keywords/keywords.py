"""The words that are commands. A pool may choose others."""

import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from functools import lru_cache

from conversation_service.domain.keywords import join_codes as codes

# 47 CFR 64.1200(a)(10) and the carriers' lists. "end" is in them too: in the words below it ends a
# conversation, every ending says how to opt out, and a pool may choose that it opts out at once.
OPT_OUT = ("stop", "stopall", "unsubscribe", "cancel", "quit", "revoke", "optout", "opt out")

END = "end"

_OPENING = "¡¿ "

# Phones write "..." as one character.
_FINAL = string.punctuation + "… "


@dataclass(frozen=True, slots=True)
class Keywords:
    """Whole messages that mean something, as `normalised` writes them; the first is shown."""

    start: tuple[str, ...] = ("start",)
    join: tuple[str, ...] = ("join",)
    end: tuple[str, ...] = ("end", "bye", "leave")
    help: tuple[str, ...] = ("help", "info")
    opt_out: tuple[str, ...] = OPT_OUT
    opt_in: tuple[str, ...] = ("unstop",)
    yes: tuple[str, ...] = ("yes",)
    block: tuple[str, ...] = ("block",)
    report: tuple[str, ...] = ("report",)
    # Nothing that anybody says to another person, as what it does cannot be undone.
    erase: tuple[str, ...] = ("erase my data", "delete my data")


FIELDS = tuple(one.name for one in fields(Keywords))


def normalized(text: str) -> str:
    """A text as it is compared: case, surrounding space and final punctuation do not count."""
    lowered = unicodedata.normalize("NFC", text.lower())
    return " ".join(lowered.split()).lstrip(_OPENING).rstrip(_FINAL)


# Far more pools than one process serves; beyond that a lookup is only built again.
_KEPT_LOOKUPS = 1024


class Keyword(Enum):
    """Everything a text can be. YES opts in somebody who opted out, and is talk from others."""

    START = auto()
    JOIN = auto()
    END = auto()
    HELP = auto()
    OPT_OUT = auto()
    OPT_IN = auto()
    YES = auto()
    BLOCK = auto()
    REPORT = auto()
    ERASE = auto()
    TALK = auto()


@dataclass(frozen=True, slots=True)
class ParsedKeyword:
    """A text's kind, and what it says behind the word: the code of JOIN or END, or nothing."""

    kind: Keyword
    argument: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Words by what they mean: as a whole text, and with a blank behind them at its beginning."""

    alone: Mapping[str, Keyword]
    leading: tuple[tuple[str, Keyword], ...]


def parse(body: str, words: Keywords) -> ParsedKeyword:
    """Reads a whole text. Case, surrounding space and final punctuation do not count.

    A text that merely begins with a command word ("start the car", "the end") is talk.
    """
    text, lookup = normalized(body), _lookup(words)
    if text in lookup.alone:
        return ParsedKeyword(lookup.alone[text])
    return _with_argument(text, lookup) or ParsedKeyword(Keyword.TALK)


def _with_argument(text: str, lookup: _Lookup) -> ParsedKeyword | None:
    for beginning, kind in lookup.leading:
        if text.startswith(beginning):
            rest = text.removeprefix(beginning)
            code = codes.normalized(rest)
            if codes.is_code_shaped(code) or _is_attempt(kind, rest):
                return ParsedKeyword(kind, code)
    return None


def _is_attempt(kind: Keyword, rest: str) -> bool:
    """One word behind JOIN is an attempt even if no code looks like it: it may be mistyped."""
    return kind is Keyword.JOIN and " " not in rest


@lru_cache(maxsize=_KEPT_LOOKUPS)
def _lookup(words: Keywords) -> _Lookup:
    # The last meaning of a word counts: nothing takes a way of opting out away.
    meanings = (
        (Keyword.START, words.start),
        (Keyword.END, words.end),
        (Keyword.HELP, words.help),
        (Keyword.YES, words.yes),
        (Keyword.BLOCK, words.block),
        (Keyword.REPORT, words.report),
        (Keyword.ERASE, words.erase),
        (Keyword.OPT_IN, words.opt_in),
        (Keyword.OPT_OUT, words.opt_out),
    )
    alone = {word: kind for kind, meant in meanings for word in meant}
    # With a code behind it "end" ends that conversation even where it opts out by itself.
    leading = ((Keyword.END, dict.fromkeys((*words.end, END))), (Keyword.JOIN, words.join))
    return _Lookup(alone, tuple((f"{word} ", kind) for kind, meant in leading for word in meant))
