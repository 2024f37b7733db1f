"""The keywords, and parsing a message body. A pool may choose other keywords."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from functools import lru_cache

from conversation_service.domain.keywords import join_codes
from conversation_service.domain.keywords.normalization import (
    folded,
    normalized,
    without_hyphens,
)
from conversation_service.domain.keywords.opt_out_wordings import OptOutWordings

# 47 CFR 64.1200(a)(10) and the carriers' lists. "end" is in them too. Here it ends a conversation
# by default; each ending says how to opt out, and a pool may choose that "end" opts out.
OPT_OUT = (
    *("stop", "stopall", "stop all", "stop all texts"),
    *("unsubscribe", "unsubscribe me", "cancel", "quit", "revoke", "remove", "remove me"),
    *("optout", "opt out", "opt me out", "please opt me out"),
    # Spanish and French, understood in every language.
    *("alto", "pare", "parar", "arret", "arrêt"),
)

END = "end"

# A longer text that contains a code is no attempt to join with it.
MAX_CODE_WORDS = 6


@dataclass(frozen=True, slots=True)
class Keywords:
    """The texts of each keyword, as `normalized` returns them. People are shown the first."""

    start: tuple[str, ...] = ("start",)
    join: tuple[str, ...] = ("join",)
    end: tuple[str, ...] = ("end", "bye", "leave")
    # The last one is French, for Canada.
    help: tuple[str, ...] = ("help", "info", "aide")
    opt_out: tuple[str, ...] = OPT_OUT
    opt_in: tuple[str, ...] = ("unstop",)
    yes: tuple[str, ...] = ("yes",)
    block: tuple[str, ...] = ("block",)
    report: tuple[str, ...] = ("report",)
    # Not what people would write to each other, as an erasure cannot be undone.
    erase: tuple[str, ...] = ("erase my data", "delete my data")


FIELDS = tuple(keyword_field.name for keyword_field in fields(Keywords))


# More pools than one process serves. Beyond that, tables are built again.
_CACHED_TABLES = 1024


class Keyword(Enum):
    """What a message asks for, or TALK.

    YES counts only for people who opted out, and CODE, a code without JOIN, outside a conversation.
    """

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
    CODE = auto()
    TALK = auto()


@dataclass(frozen=True, slots=True)
class ParsedKeyword:
    """A keyword and its argument: the normalized code of JOIN, END or CODE, else empty."""

    kind: Keyword
    argument: str = field(default="", repr=False)
    # TALK that asks in other words for no more texts.
    requests_opt_out: bool = False


@dataclass(frozen=True, slots=True)
class _KeywordTable:
    """Keywords by text: those that are a whole body, and those in front of an argument.

    And the wordings of an opt-out that are no keyword.
    """

    alone: Mapping[str, Keyword]
    with_argument: tuple[tuple[str, Keyword], ...]
    opt_out_wordings: OptOutWordings


def parse(body: str, keywords: Keywords) -> ParsedKeyword:
    """The keyword of a body. One in a longer body ("start the car", "the end") does not count."""
    text, table = folded(body), _keyword_table(keywords)
    kind = table.alone.get(without_hyphens(text))
    if kind is not None:
        return ParsedKeyword(kind)
    return _parse_with_argument(text, table) or _parse_code(text) or _parse_talk(body, text, table)


def resembles_keyword(body: str, keywords: Keywords) -> bool:
    """Whether a short body begins with START, JOIN or HELP: its sender tries to use them."""
    words = join_codes.words(folded(body))
    texts = (*keywords.start, *keywords.join, *keywords.help)
    firsts = {join_codes.words(text)[0] for text in texts}
    return 1 <= len(words) <= MAX_CODE_WORDS and words[0] in firsts


def _parse_with_argument(text: str, table: _KeywordTable) -> ParsedKeyword | None:
    for prefix, kind in table.with_argument:
        if text.startswith(prefix):
            code = _argument(kind, text.removeprefix(prefix))
            if code:
                return ParsedKeyword(kind, code)
    return None


def _argument(kind: Keyword, rest: str) -> str:
    """The code after a keyword; for JOIN any single word, as the code may be mistyped."""
    words = join_codes.words(rest)
    if not words:
        return ""
    if rest[0].isalnum():
        # Without a blank, "JOIN7K2M9P": the rest of a longer word is no attempt.
        return words[0] if kind is Keyword.JOIN and join_codes.is_code_shaped(words[0]) else ""
    if kind is Keyword.JOIN:
        return join_codes.find(rest) or (words[0] if len(words) == 1 else "")
    code = "".join(words)
    return code if join_codes.is_code_shaped(code) else ""


def _parse_code(text: str) -> ParsedKeyword | None:
    """A code in one word: written with blanks, it needs JOIN before it."""
    words = join_codes.words(text)
    if len(words) > MAX_CODE_WORDS:
        return None
    code = next(filter(join_codes.is_code_shaped, words), "")
    return ParsedKeyword(Keyword.CODE, code) if code else None


def _parse_talk(body: str, text: str, table: _KeywordTable) -> ParsedKeyword:
    # Below an opt-out there may be a signature of any form.
    first_line, _, rest = body.strip().partition("\n")
    requests = table.opt_out_wordings.match(text, normalized(first_line) if rest else "")
    return ParsedKeyword(Keyword.TALK, requests_opt_out=requests)


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
    prefixes = tuple((text, kind) for kind, texts in before_code for text in texts)
    return _KeywordTable(alone, prefixes, OptOutWordings(keywords.opt_out))
