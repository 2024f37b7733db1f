"""The one normalization by which keywords are compared: for messages and for a pool's choice."""

import re
import unicodedata

# Not in the categories of `_is_invisible`, but drawn as nothing (Default_Ignorable_Code_Point):
# joiners, Hangul fillers, Khmer and Mongolian marks, variation selectors.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)

# Punctuation, symbols and separators of any script; keycaps; controls and characters that this
# Python does not know, such as a new emoji.
_ENCLOSING = ("P", "S", "Z", "Me", "C")

# What mail and text programs write below a message.
_SIGNATURE = re.compile(
    r"[\r\n][ \t]*(?:--|sent (?:from|via|with) |get outlook |enviado (?:desde|con) ).*\Z",
    re.IGNORECASE | re.DOTALL,
)


def folded(text: str) -> str:
    """A body without signature, case, invisible characters and what encloses or ends it.

    White space is one blank, and each dash a hyphen.
    """
    inner = _without_enclosing(_SIGNATURE.sub("", _without_enclosing(text)))
    if inner.isascii() and inner.isprintable():
        return " ".join(inner.lower().split())  # Most texts. The rest would not change them.
    visible = "".join(map(_visible, unicodedata.normalize("NFKC", inner)))
    return _without_enclosing(" ".join(unicodedata.normalize("NFKC", visible.casefold()).split()))


def normalized(text: str) -> str:
    """The folded text with blanks for hyphens, to be compared: "opt-out" is "opt out"."""
    return without_hyphens(folded(text))


def without_hyphens(text: str) -> str:
    """A folded text as it is compared with keywords."""
    return " ".join(text.replace("-", " ").split())


def _without_enclosing(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_enclosing(text[start]):
        start += 1
    while start < end and _is_enclosing(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_enclosing(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "So" and unicodedata.normalize("NFKC", character).isalnum():
        # A letter in a circle is a letter, the sign of a trade mark is not.
        return character in "\u2120\u2121\u2122\u213b"
    return category.startswith(_ENCLOSING) or _IGNORABLE.match(character) is not None


def _visible(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category == "Pd":
        return "-"
    is_invisible = category in ("Cc", "Cf") or _IGNORABLE.match(character)
    return "" if is_invisible else character
