"""What people type, read: phone numbers, spans of time, words from standard input."""

import re
import sys
from datetime import timedelta

import typer

# E.164: a country code, which never begins with 0, and at most 15 digits in all.
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)

_SEPARATORS = str.maketrans("", "", " -().\u00a0")

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)

# Longer than anything that can be set, and short enough for every type on the way.
_LONGEST_DIGITS = 9

# The contract's limit of a text.
LONGEST_TEXT = 10_000

# A number with all its separators; whatever is longer is none.
_LONGEST_NUMBER = 64

# What could be somebody's number, wherever it stands.
_LIKE_A_NUMBER = re.compile(r"\+?\d(?:[\s().-]*\d){6,}")


def phone_number(typed: str) -> str:
    """A number in E.164; "-" reads it from a line of standard input.

    A refusal never repeats what was typed.
    """
    text = sys.stdin.readline(_LONGEST_NUMBER) if typed == "-" else typed
    number = text.strip().translate(_SEPARATORS)
    if not _E164.fullmatch(number):
        raise typer.BadParameter('a phone number begins with "+" and its country code')
    return number


def duration(typed: str) -> timedelta:
    """A span of time such as "90s", "15m", "24h", "7d" or "1d12h"."""
    match = _SPAN.fullmatch(typed.strip())
    if match is None or not typed.strip() or len(typed) > 4 * _LONGEST_DIGITS:
        raise typer.BadParameter(
            'a span of time is written as "90s", "15m", "24h", "7d" or "1d12h"'
        )
    parts = [int(part or 0) for part in match.groups()]
    days, hours, minutes, seconds = parts
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def format_duration(length: timedelta) -> str:
    """The shortest way to write it that `span` reads as the same; whole seconds."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = zip((days, hours, minutes, seconds), "dhms", strict=True)
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def message_body(typed: str) -> str:
    """The words of a text; "-" reads all of standard input, without its final line break."""
    try:
        # A line break more than may be sent, and one character to notice what is too long.
        words = typed if typed != "-" else sys.stdin.read(LONGEST_TEXT + 3)
        words.encode()
    except UnicodeError as error:
        raise typer.BadParameter("that is no text") from error
    if typed == "-":
        words = words.removesuffix("\n").removesuffix("\r")
    if len(words) > LONGEST_TEXT:
        raise typer.BadParameter(f"a text has at most {LONGEST_TEXT} characters")
    return words


def scrub_phone_numbers(text: str) -> str:
    """The same text with "[number]" for whatever could be somebody's phone number."""
    return _LIKE_A_NUMBER.sub("[number]", text)
