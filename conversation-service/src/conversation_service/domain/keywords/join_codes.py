"""Codes: what the second person texts to join."""

from collections.abc import Callable

# No I, L, O, U, 0 or 1: nothing that looks like something else, in print or by hand.
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ"

DIGITS = "23456789"

ALPHABET = LETTERS + DIGITS

LENGTH = 6


def draw(choose: Callable[[str], str]) -> str:
    """A new code; `choose` picks one character of a string, from a cryptographic source.

    A code always holds a digit, so that no word is ever taken for one: "join better" is talk.
    That leaves 30**6 - 22**6 codes, some 29 bits.
    """
    while True:
        code = "".join(choose(ALPHABET) for _ in range(LENGTH))
        if is_code_shaped(code):
            return code


def normalized(written: str) -> str:
    """A code as it was drawn, however a person wrote it: case, blanks and hyphens do not count."""
    return "".join(written.split()).replace("-", "").upper()


def is_code_shaped(code: str) -> bool:
    """Whether this, normalised, could have been handed out."""
    known = len(code) == LENGTH and all(character in ALPHABET for character in code)
    return known and any(character in DIGITS for character in code)
