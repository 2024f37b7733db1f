"""Characters of a body that have to be replaced or cannot be sent."""

import re

# Flowroute's reference says that smart quotes cause errors and that straight ones should be sent.
_SINGLE = "\u2018\u2019\u201a\u201b"

_DOUBLE = "\u201c\u201d\u201e\u201f"

_STRAIGHT = str.maketrans(dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"'))

# Phones show these as reactions, but only with the quotes that the other phone wrote. Apple's in
# English and Spanish, then Google's: an emoji, with thin and invisible spaces around it.
_SPACE = r"[\s\u200b-\u200f\u2060\ufeff]*"
_EMOJI = r"[^\w\s\x00-\x7f\u201c\u201d]{1,16}"
_REACTED = "|".join(
    (
        "liked|loved|disliked|laughed at|emphasi[sz]ed|questioned",
        r"reacted .{1,24}? to|removed .{1,24}? from",
        "(?:no )?(?:le|me) (?:gust|encant)[\u00f3oa]|le dio risa|le hizo re[\u00edi]r",
        "se (?:ri[\u00f3o]|r[\u00edi]e) (?:de|con)",
        "(?:enfatiz|destac|resalt|exclam|cuestion|pregunt)[\u00f3oa](?: por| sobre)?",
        r"reaccion\u00f3 .{1,24}? a|(?:se )?(?:quit|elimin|borr)\u00f3 .{1,24}? (?:de|a)",
        rf"{_EMOJI}{_SPACE}(?:to|a|de|from)",
    )
)
_REACTION = re.compile(
    rf"{_SPACE}(?:{_REACTED}){_SPACE}\u201c.+\u201d{_SPACE}", re.IGNORECASE | re.DOTALL
)

_NUL = "\x00"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

# C0 without NUL, tab and line breaks: terminal controls that no handset shows.
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")


def normalise_quotes(body: str) -> str:
    """The body with straight quotes instead of curly ones; a reaction as it is."""
    if body.isascii() or is_reaction(body):
        return body
    return body.translate(_STRAIGHT)


def is_reaction(body: str) -> bool:
    """Whether a phone wrote it to react to a message: Liked “hello”."""
    return _REACTION.fullmatch(body) is not None


def unsendable_reason(body: str) -> str | None:
    """Why the body cannot be given to a carrier, in one word; None if it can."""
    if _NUL in body:
        return "nul"
    if _LONE_SURROGATE.search(body):
        return "lone_surrogate"
    if _CONTROL.search(body):
        return "control"
    return None
