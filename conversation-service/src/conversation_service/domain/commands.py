"""What a text asks for."""

import string
from dataclasses import dataclass, field
from enum import Enum, auto

from conversation_service.domain import codes
from conversation_service.domain.words import Words


class Kind(Enum):
    """Everything a text can be."""

    START = auto()
    JOIN = auto()
    END = auto()
    HELP = auto()
    OPT_OUT = auto()
    OPT_IN = auto()
    TALK = auto()


@dataclass(frozen=True, slots=True)
class Command:
    """A text's kind, and what it says behind the word: the code of JOIN or END, or nothing."""

    kind: Kind
    argument: str = field(default="", repr=False)


def parse(body: str, words: Words) -> Command:
    """Reads a whole text. Case, surrounding space and final punctuation do not count.

    A text that merely begins with a command word ("start the car", "the end") is talk.
    """
    text = " ".join(body.strip().rstrip(string.punctuation).lower().split())
    return _alone(text, words) or _with_argument(text, words) or Command(Kind.TALK)


def _alone(text: str, words: Words) -> Command | None:
    meanings = {
        Kind.START: words.start,
        Kind.END: words.end,
        Kind.HELP: words.help,
        Kind.OPT_OUT: words.opt_out,
        Kind.OPT_IN: words.opt_in,
    }
    for kind, meant in meanings.items():
        if text in meant:
            return Command(kind)
    return None


def _with_argument(text: str, words: Words) -> Command | None:
    word, _, rest = text.partition(" ")
    code = codes.normalised(rest)
    if word in words.end and codes.is_code_shaped(code):
        return Command(Kind.END, code)
    if word in words.join and _is_attempt(rest, code):
        return Command(Kind.JOIN, code)
    return None


def _is_attempt(rest: str, code: str) -> bool:
    """One word behind JOIN is an attempt even if no code looks like it: it may be mistyped."""
    return codes.is_code_shaped(code) or (rest != "" and " " not in rest)
