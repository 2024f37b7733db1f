"""Parses phone numbers, durations and message bodies."""

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import typer

# E.164: 8 to 15 digits, the first is not 0.
_E164 = re.compile(r"\+[1-9]\d{7,14}", re.ASCII)
_SEPARATORS = str.maketrans("", "", " -().\u00a0")
# More digits than any setting allows, and few enough for timedelta.
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
# The contract's limit of a body.
MAX_TEXT_CHARACTERS = 10_000
# A phone number with separators is shorter.
_MAX_NUMBER_CHARACTERS = 64
# Anything that may be a phone number.
_POSSIBLE_NUMBER = re.compile(r"\+?\d(?:[\s().-]*\d){6,}")


def phone_number(typed: str) -> str:
    """A number in E.164; "-" reads it from a line of standard input.

    The error never repeats the argument.
    """
    text = sys.stdin.readline(_MAX_NUMBER_CHARACTERS) if typed == "-" else typed
    number = text.strip().translate(_SEPARATORS)
    if not _E164.fullmatch(number):
        raise typer.BadParameter('a phone number has "+", a country code, and 8 to 15 digits')
    return number


def duration(typed: str) -> timedelta:
    """A duration such as "90s", "15m", "24h", "7d" or "1d12h"."""
    match = _DURATION.fullmatch(typed.strip())
    if match is None or not typed.strip():
        raise typer.BadParameter('a duration is written as "90s", "15m", "24h", "7d" or "1d12h"')
    days, hours, minutes, seconds = (int(count or 0) for count in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def format_duration(length: timedelta) -> str:
    """The shortest form that `duration` parses; in whole seconds."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    counts = zip((days, hours, minutes, seconds), "dhms", strict=True)
    return "".join(f"{count}{unit}" for count, unit in counts if count) or "0s"


def labels(typed: Sequence[str]) -> dict[str, str]:
    """Labels such as "ride=42"."""
    parts = [label.partition("=") for label in typed]
    if not all(separator for _, separator, _ in parts):
        raise typer.BadParameter('a label is written as "KEY=VALUE"')
    return {key: value for key, _, value in parts}


def moment(typed: str) -> datetime:
    """A local time such as "2026-03-01 12:00", or one with a time zone."""
    try:
        return datetime.fromisoformat(typed).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter('a time is written as "2026-03-01 12:00"') from error


def message_body(typed: str) -> str:
    """A message body; "-" reads all of standard input, without its final line break."""
    try:
        # The final line break, and one character more than allowed.
        body = typed if typed != "-" else sys.stdin.read(MAX_TEXT_CHARACTERS + 3)
        body.encode()
    except UnicodeError as error:
        raise typer.BadParameter("the text is not valid Unicode") from error
    if typed == "-":
        body = body.removesuffix("\n").removesuffix("\r")
    if len(body) > MAX_TEXT_CHARACTERS:
        raise typer.BadParameter(f"a text has at most {MAX_TEXT_CHARACTERS} characters")
    return body


def scrub_phone_numbers(text: str) -> str:
    """The text with "[number]" instead of anything that may be a phone number."""
    return _POSSIBLE_NUMBER.sub("[number]", text)
