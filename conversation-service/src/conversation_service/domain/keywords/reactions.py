"""Reactions of phones to a message, which travel as text: Liked “hello”."""

import re

# A few words or an emoji, then the message in quotes and nothing else. What is quoted has to be
# compared with a message that the person got, so the words before it do not matter.
_REACTION = re.compile(
    r"[^\n\"\u201c\u201d\u00ab]{1,40}[\"\u201c\u00ab](?P<quoted>.{8,})[\"\u201d\u00bb]", re.DOTALL
)

# Google's app puts thin and invisible spaces around the parts.
_AROUND = " \n\t\u200a\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def quoted_in_reaction(body: str) -> str:
    """The message that a reaction is about; empty if the body cannot be one."""
    match = _REACTION.fullmatch(body.strip(_AROUND))
    return match["quoted"].strip(_AROUND) if match else ""
