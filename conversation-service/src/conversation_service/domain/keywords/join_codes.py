"""Join codes: what the second person texts to join."""

import re
from collections.abc import Callable, Iterable, Iterator

# Without I, L, O, U, 0 and 1, which look like other characters in print or handwriting.
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ"

DIGITS = "23456789"

ALPHABET = LETTERS + DIGITS

LENGTH = 6

# "7K2-M9P" is one word.
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def draw(choose: Callable[[str], str]) -> str:
    """A new code; `choose` picks one character of a string, from a cryptographic source.

    A code always holds a digit, so that no word is taken for one: "join better" is not a JOIN.
    That leaves 30**6 - 22**6 codes, about 29 bits.
    """
    while True:
        code = "".join(choose(ALPHABET) for _ in range(LENGTH))
        if is_code_shaped(code):
            return code


def normalized(text: str) -> str:
    """The code in a text, without blanks and hyphens, in upper case."""
    return "".join(text.split()).replace("-", "").upper()


def is_code_shaped(code: str) -> bool:
    """Whether this normalized code could have been drawn."""
    is_spelled = len(code) == LENGTH and all(character in ALPHABET for character in code)
    return is_spelled and any(character in DIGITS for character in code)


def words(text: str) -> list[str]:
    """The words of a text, each as `normalized` returns it."""
    return [normalized(word) for word in _WORD.findall(text)]


def find(text: str) -> str:
    """The first code in a text, written in one word or with blanks; empty if there is none."""
    found = words(text)
    candidates = (*found, *_beginnings(found), *_beginnings(reversed(found), is_reversed=True))
    return next(filter(is_code_shaped, candidates), "")


def _beginnings(found: Iterable[str], *, is_reversed: bool = False) -> Iterator[str]:
    """The words run together, from the first or last one on, while they are no longer than a code.

    "7K2 M9P please" and "code 7K2 M9P" contain a code.
    """
    run = ""
    for word in found:
        run = word + run if is_reversed else run + word
        if len(run) > LENGTH:
            return
        yield run
