"""The words that are commands. A pool may choose others."""

import string
import unicodedata
from dataclasses import dataclass, fields

# 47 CFR 64.1200(a)(10) and the carriers' lists. "end" is in them too: in the words below it ends a
# conversation, every ending says how to opt out, and a pool may choose that it opts out at once.
OPT_OUT = ("stop", "stopall", "unsubscribe", "cancel", "quit", "revoke", "optout", "opt out")
END = "end"

_OPENING = "¡¿ "
# Phones write "..." as one character.
_FINAL = string.punctuation + "… "


@dataclass(frozen=True, slots=True)
class Words:
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


FIELDS = tuple(one.name for one in fields(Words))


def normalised(text: str) -> str:
    """A text as it is compared: case, surrounding space and final punctuation do not count."""
    lowered = unicodedata.normalize("NFC", text.lower())
    return " ".join(lowered.split()).lstrip(_OPENING).rstrip(_FINAL)
