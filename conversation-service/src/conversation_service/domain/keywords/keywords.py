"""The keywords, and parsing a message body. A pool may choose other keywords."""

import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from functools import lru_cache

from conversation_service.domain.keywords import join_codes

# 47 CFR 64.1200(a)(10) and the carriers' lists. "end" is in them too. Here it ends a conversation
# by default; each ending says how to opt out, and a pool may choose that "end" opts out.
OPT_OUT = ("stop", "stopall", "unsubscribe", "cancel", "quit", "revoke", "optout", "opt out")

END = "end"

_LEADING_PUNCTUATION = "¡¿ "

# Phones write "..." as one character.
_FINAL_PUNCTUATION = string.punctuation + "… "


@dataclass(frozen=True, slots=True)
class Keywords:
    """The texts of each keyword, as `normalized` returns them. People are shown the first."""

    start: tuple[str, ...] = ("start",)
    join: tuple[str, ...] = ("join",)
    end: tuple[str, ...] = ("end", "bye", "leave")
    help: tuple[str, ...] = ("help", "info")
    opt_out: tuple[str, ...] = OPT_OUT
    opt_in: tuple[str, ...] = ("unstop",)
    yes: tuple[str, ...] = ("yes",)
    block: tuple[str, ...] = ("block",)
    report: tuple[str, ...] = ("report",)
    # Not what people would write to each other, as an erasure cannot be undone.
    erase: tuple[str, ...] = ("erase my data", "delete my data")


FIELDS = tuple(keyword_field.name for keyword_field in fields(Keywords))


def normalized(text: str) -> str:
    """A body without case, surrounding spaces and final punctuation, to be compared."""
    lowered = unicodedata.normalize("NFC", text.lower())
    return " ".join(lowered.split()).lstrip(_LEADING_PUNCTUATION).rstrip(_FINAL_PUNCTUATION)


# More pools than one process serves. Beyond that, tables are built again.
_CACHED_TABLES = 1024


class Keyword(Enum):
    """What a message asks for, or TALK. YES counts only for people who opted out."""

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
    """A keyword and its argument: the normalized code of JOIN or END, else empty."""

    kind: Keyword
    argument: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _KeywordTable:
    """Keywords by text: those that are a whole body, and those in front of an argument."""

    alone: Mapping[str, Keyword]
    with_argument: tuple[tuple[str, Keyword], ...]


def parse(body: str, keywords: Keywords) -> ParsedKeyword:
    """The keyword of a body. One in a longer body ("start the car", "the end") does not count."""
    text, table = normalized(body), _keyword_table(keywords)
    if text in table.alone:
        return ParsedKeyword(table.alone[text])
    return _parse_with_argument(text, table) or ParsedKeyword(Keyword.TALK)


def _parse_with_argument(text: str, table: _KeywordTable) -> ParsedKeyword | None:
    for prefix, kind in table.with_argument:
        if text.startswith(prefix):
            rest = text.removeprefix(prefix)
            code = join_codes.normalized(rest)
            if join_codes.is_code_shaped(code) or _is_attempt(kind, rest):
                return ParsedKeyword(kind, code)
    return None


def _is_attempt(kind: Keyword, rest: str) -> bool:
    """One word after JOIN is an attempt in any shape: the code may be mistyped."""
    return kind is Keyword.JOIN and " " not in rest


@lru_cache(maxsize=_CACHED_TABLES)
def _keyword_table(keywords: Keywords) -> _KeywordTable:
    # The last one counts for a text with two meanings: an opt-out always opts out.
    meanings = (
        (Keyword.START, keywords.start),
        (Keyword.END, keywords.end),
        (Keyword.HELP, keywords.help),
        (Keyword.YES, keywords.yes),
        (Keyword.BLOCK, keywords.block),
        (Keyword.REPORT, keywords.report),
        (Keyword.ERASE, keywords.erase),
        (Keyword.OPT_IN, keywords.opt_in),
        (Keyword.OPT_OUT, keywords.opt_out),
    )
    alone = {text: kind for kind, texts in meanings for text in texts}
    # Before a code "end" ends that conversation even where it opts out by itself.
    before_code = (
        (Keyword.END, dict.fromkeys((*keywords.end, END))),
        (Keyword.JOIN, keywords.join),
    )
    prefixes = tuple((f"{text} ", kind) for kind, texts in before_code for text in texts)
    return _KeywordTable(alone, prefixes)
