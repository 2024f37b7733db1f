"""Join codes: what the second person texts to join."""

from collections.abc import Callable

# Without I, L, O, U, 0 and 1, which look like other characters in print or handwriting.
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ"

DIGITS = "23456789"

ALPHABET = LETTERS + DIGITS

LENGTH = 6


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
